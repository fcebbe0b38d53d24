//! What can be typed.

mod graph;
mod plans;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::money;
pub(crate) use graph::{Graph, GraphFormat};
pub(crate) use plans::{Filling, Plan, Playbook};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the campaign ended without being finished, or a local file cannot be used
  2  the command line, the feed, the brief, the playbook, the plan or the policy cannot be used; nothing was made
  3  the API refused or cannot be reached
  4  a human must decide, and there is neither a terminal nor --decide
  5  the audit and the rows do not agree";

/// The operator's command.
#[derive(Debug, Parser)]
#[command(name = "chimera", version, about = "Run and watch a swarm of AI influencers", after_help = EXIT_CODES)]
pub(crate) struct Line {
    /// Base URL of the API; without it the local cloud's outputs.json is read
    #[arg(long, env = "CHIMERA_API", global = true)]
    pub(crate) api: Option<String>,
    /// Bearer token; without it one is minted with the local issuer's key
    #[arg(long, env = "CHIMERA_TOKEN", hide_env_values = true, global = true)]
    pub(crate) token: Option<String>,
    /// Whose data a minted token is for [default: demo; `chimera demo` takes a fresh one]
    #[arg(long, env = "CHIMERA_TENANT", global = true)]
    pub(crate) tenant: Option<String>,
    /// Where the local cloud keeps outputs.json and issuer/
    #[arg(long, default_value = "target/local", global = true)]
    pub(crate) local: PathBuf,
    /// How answers are printed
    #[arg(short, long, value_enum, default_value_t = Output::Table, global = true)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one campaign from a feed to published posts
    Demo(Demo),
    /// Start, watch and steer campaigns
    #[command(subcommand)]
    Campaign(Campaign),
    /// See the campaigns that are common, and their parameters
    #[command(subcommand)]
    Playbook(Playbook),
    /// See and decide what waits for a human
    #[command(subcommand)]
    Reviews(Reviews),
    /// Read or replace the tenant's policy
    #[command(subcommand)]
    Policy(Policy),
    /// Put an agent's persona
    #[command(subcommand)]
    Agent(Agent),
    /// Money set aside and spent by a campaign
    Ledger { campaign: String },
    /// Why a task, an effect or a review came out as it did
    Explain(Explain),
    /// Every version of every row of a campaign
    Audit(Audit),
    /// Print a token of the local issuer; works with the local cloud only
    Token(Token),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// A feed: a file, or an http(s) URL
    #[arg(long, default_value = "demo/feed.xml")]
    pub(crate) feed: String,
    /// What is asked for; its feeds are replaced by --feed
    #[arg(long, default_value = "demo/brief.json")]
    pub(crate) brief: PathBuf,
    /// The agent that speaks
    #[arg(long, default_value = "mira")]
    pub(crate) agent: String,
    /// Where <agent>/SOUL.md is
    #[arg(long, default_value = "demo/agents")]
    pub(crate) agents: PathBuf,
    /// Answer every review like this instead of asking
    #[arg(long, value_enum)]
    pub(crate) decide: Option<Decide>,
    /// Give up after this many seconds without any change
    #[arg(long, default_value_t = 180)]
    pub(crate) patience_s: u64,
}

/// How the demo answers reviews by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Decide {
    /// As it is
    Approve,
    /// Not at all
    Reject,
    /// With a small change of the text, which is judged again
    Edit,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Campaign {
    /// Start a campaign from a brief, or from a playbook
    Start {
        /// The agent that speaks
        agent: String,
        /// The brief, as JSON
        #[arg(required_unless_present = "playbook", conflicts_with_all = ["playbook", "set", "feeds"])]
        brief: Option<PathBuf>,
        /// A playbook by its name, or its file
        #[arg(long)]
        playbook: Option<String>,
        #[command(flatten)]
        filling: Filling,
        /// Idempotency-Key; a repeated one gives the same campaign
        #[arg(long)]
        key: Option<String>,
    },
    /// Show, edit, approve or reject a plan that waits for approval
    #[command(subcommand)]
    Plan(Plan),
    /// List campaigns, newest first
    List,
    /// One campaign with its tasks, effects and reviews
    Show { campaign: String },
    /// Its tasks, what each waits for, and its plan versions: as a tree, a picture or a flowchart
    Graph(Graph),
    /// Follow a campaign until it is over
    Watch { campaign: String },
    /// Stop sending and claiming; results in flight still commit
    Pause { campaign: String },
    /// Go on
    Resume { campaign: String },
    /// End it; approved effects are voided
    Cancel { campaign: String },
    /// Change what it may spend; never below what it has used
    Raise {
        campaign: String,
        /// The new budget, such as 25 or 25.50
        #[arg(value_parser = money::minor)]
        budget: i64,
        /// The currency that the campaign's budget is kept in
        #[arg(long, default_value = "USD")]
        currency: String,
    },
    /// Give a failed task another attempt; a campaign that has ended goes on
    Retry { campaign: String, task: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Reviews {
    /// What waits, most urgent first
    List,
    /// Everything a reviewer must see
    Show(ReviewId),
    /// Approve exactly what was shown
    Approve {
        #[command(flatten)]
        review: ReviewId,
        #[arg(long)]
        comment: Option<String>,
    },
    /// Replace the text; it is judged again
    Edit {
        #[command(flatten)]
        review: ReviewId,
        #[arg(long)]
        text: String,
        #[arg(long)]
        comment: Option<String>,
    },
    /// Refuse
    Reject {
        #[command(flatten)]
        review: ReviewId,
        #[arg(long)]
        comment: String,
    },
    /// Tell the planner something; it tries again
    Respond {
        #[command(flatten)]
        review: ReviewId,
        #[arg(long)]
        comment: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReviewId {
    pub(crate) campaign: String,
    pub(crate) review: String,
    /// Digest that was seen; without it, the present one
    #[arg(long)]
    pub(crate) digest: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Print it as YAML, with its version and digest
    Get,
    /// Check a file as the API would; asks nobody
    Check { file: PathBuf },
    /// Replace it by a YAML or JSON file
    Put {
        file: PathBuf,
        /// Only if the present one has this version: what others have put meanwhile is not lost
        #[arg(long = "if-version")]
        version: Option<u64>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// Put a persona
    Put {
        /// The agent's id
        agent: String,
        /// Its SOUL.md
        soul: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    /// Who asks
    #[arg(long, default_value = "demo-operator")]
    pub(crate) subject: String,
    /// What they may do
    #[arg(long, value_delimiter = ',', default_value = "operator,reviewer,finance")]
    pub(crate) roles: Vec<String>,
    /// How long it is good for, in seconds
    #[arg(long, default_value_t = 3_600)]
    pub(crate) lifetime_s: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The task's, effect's or review's id
    pub(crate) id: String,
    /// The campaign it is of [default: the newest]
    #[arg(long)]
    pub(crate) campaign: Option<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Audit {
    /// The campaign whose versions are listed
    #[arg(required = true)]
    pub(crate) campaign: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<AuditCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Compare every row with its audit, to the byte
    ///
    /// Reads the tables themselves, with your own credentials of the cloud: those of the AWS SDK where the tables are
    /// named, else the local cloud's root. A --tenant limits it to that tenant's rows.
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// This campaign alone
    #[arg(long)]
    pub(crate) campaign: Option<String>,
    /// How long an audit entry may be on its way, such as 60s or 2m
    #[arg(long, default_value = "60s", value_parser = grace)]
    pub(crate) grace: Duration,
    /// The stack's state table; with the other two, for a stack that is not local
    #[arg(long, env = "STATE_TABLE", requires_all = ["ledger_table", "audit_table"])]
    pub(crate) state_table: Option<String>,
    /// The stack's ledger table
    #[arg(long, env = "LEDGER_TABLE", requires_all = ["state_table", "audit_table"])]
    pub(crate) ledger_table: Option<String>,
    /// The stack's audit table
    #[arg(long, env = "AUDIT_TABLE", requires_all = ["state_table", "ledger_table"])]
    pub(crate) audit_table: Option<String>,
}

fn grace(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|_| "say it like 60s or 2m".to_owned())?;
    Duration::try_from(span).map_err(|_| "it cannot be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Line::command().debug_assert();
    }

    #[test]
    fn a_campaign_is_started_from_a_brief_or_from_a_playbook_and_not_from_both() {
        let is_fine = |words: &[&str]| {
            let start = ["chimera", "campaign", "start", "mira"].iter().chain(words);
            Line::try_parse_from(start).is_ok()
        };
        assert!(is_fine(&["brief.json"]));
        assert!(is_fine(&[
            "--playbook",
            "launch",
            "--set",
            "product=Pail=2",
            "--feed",
            "https://a.example/f"
        ]));
        for bad in [
            &[][..],
            &["brief.json", "--playbook", "launch"],
            &["brief.json", "--set", "product=Pail"],
            &["--playbook", "launch", "--set", "product"],
        ] {
            assert!(!is_fine(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_graph_is_drawn_as_is_asked() {
        let of = |words: &[&str]| match Line::try_parse_from(words).map(|line| (line.command, line.output)) {
            Ok((Command::Campaign(Campaign::Graph(asked)), output)) => {
                Some((asked.format, asked.out, output))
            }
            _ => None,
        };
        let graph = ["chimera", "campaign", "graph", "c-1"];
        assert_eq!(of(&graph), Some((None, None, Output::Table)));
        let asked = of(&[&graph[..], &["--format", "svg", "--out", "plan.svg", "-o", "json"]].concat());
        assert_eq!(asked, Some((Some(GraphFormat::Svg), Some(PathBuf::from("plan.svg")), Output::Json)));
        assert_eq!(of(&[&graph[..], &["--format", "png"]].concat()), None);
        assert_eq!(of(&graph[..3]), None);
    }

    #[test]
    fn an_audit_is_listed_by_campaign_or_verified() {
        let of = |words: &[&str]| match Line::try_parse_from(words).map(|line| line.command) {
            Ok(Command::Audit(audit)) => (audit.campaign, audit.command),
            other => panic!("{other:?}"),
        };
        assert!(matches!(of(&["chimera", "audit", "c-1"]), (Some(campaign), None) if campaign == "c-1"));
        let (None, Some(AuditCommand::Verify(asked))) = of(&["chimera", "audit", "verify", "--grace", "2m"])
        else {
            panic!("not a verification");
        };
        assert_eq!(asked.grace, Duration::from_secs(120));
        assert!(Line::try_parse_from(["chimera", "audit"]).is_err());
        assert!(Line::try_parse_from(["chimera", "audit", "verify", "--grace", "soon"]).is_err());
    }
}
