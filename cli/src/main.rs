#![doc = include_str!("../README.md")]
#![expect(clippy::print_stdout, reason = "printing is what a command line is for")]

mod api;
mod args;
mod card;
mod commands;
mod connection;
mod demo;
mod explain;
mod failure;
mod feed;
mod graph;
mod money;
mod output;
mod plan;
mod playbook;
mod policy;
mod verify;
mod watch;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match commands::run(args::Line::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}
