//! Money for exactly so many: as many approvals as fit, whatever happens around them, and no more than the agent's own
//! history lets pass.

mod answers;
mod approvals;
mod history;
mod limits;
