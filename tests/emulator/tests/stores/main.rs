//! One contract for every store: in memory, and on the local cloud. One program: linking each apart costs gigabytes.

mod approvals_dynamo;
mod cloud;
mod contract_dynamo;
mod contract_memory;
mod inspector_dynamo;
mod servers_dynamo;
mod tools_dynamo;
mod tools_memory;
