//! What can be typed about a plan's graph.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Graph {
    pub(crate) campaign: String,
    /// How it is drawn [default: tree; json with -o json]
    #[arg(long, value_enum)]
    pub(crate) format: Option<GraphFormat>,
    /// A file to write it to; without it, it is printed
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// How a plan's graph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Text for a terminal
    Tree,
    /// A picture for a browser
    Svg,
    /// A flowchart for a document
    Mermaid,
    /// Everything, as data
    Json,
}
