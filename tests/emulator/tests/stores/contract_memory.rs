//! The stores' contract on the in-memory adapters.

use chimera_emulator::contract;
use chimera_testkit::{Faults, MemoryCloud, VirtualClock};

#[tokio::test]
async fn the_memory_store_keeps_the_contract() {
    contract::keeps(&MemoryCloud::new(VirtualClock::default(), Faults::none()), "run").await;
}
