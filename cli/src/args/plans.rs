//! What can be typed about plans and playbooks.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where playbooks are, seen from the project.
const PLAYBOOKS: &str = "playbooks";

#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// The plan with everything that may be edited
    Show {
        campaign: String,
        /// As a file that can be edited and sent back
        #[arg(long)]
        yaml: bool,
    },
    /// Add, remove, reorder and change tasks: in $VISUAL or $EDITOR, or from a file
    Edit {
        campaign: String,
        /// The whole list, as `show --yaml` writes it, in YAML or JSON
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Open exactly the plan that was shown
    Approve {
        campaign: String,
        /// What was seen, as `show` says it; without it, the present plan
        #[arg(long)]
        seen: Option<String>,
    },
    /// Have another plan drawn
    Reject {
        campaign: String,
        /// What is wrong with it; the model is told
        #[arg(long)]
        comment: String,
        /// What was seen, as `show` says it; without it, the present plan
        #[arg(long)]
        seen: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Playbook {
    /// What there is
    List {
        /// Where playbooks are
        #[arg(long, default_value = PLAYBOOKS)]
        playbooks: PathBuf,
    },
    /// One with its parameters and its brief
    Show {
        /// Its name, or its file
        playbook: String,
        /// Where playbooks are
        #[arg(long, default_value = PLAYBOOKS)]
        playbooks: PathBuf,
    },
    /// The brief that comes out, as JSON; asks nobody
    Render {
        /// Its name, or its file
        playbook: String,
        #[command(flatten)]
        filling: Filling,
    },
}

/// What fills a playbook.
#[derive(Debug, Args)]
pub(crate) struct Filling {
    /// A parameter's value; of a list, once for each item
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment, requires = "playbook")]
    pub(crate) set: Vec<(String, String)>,
    /// The same as --set feed=URL
    #[arg(long = "feed", value_name = "URL", requires = "playbook")]
    pub(crate) feeds: Vec<String>,
    /// Where playbooks are
    #[arg(long, default_value = PLAYBOOKS)]
    pub(crate) playbooks: PathBuf,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("say it like name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}
