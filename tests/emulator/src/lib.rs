//! chimera-emulator
