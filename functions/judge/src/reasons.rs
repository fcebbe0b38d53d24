//! Why something ended, as people and the planner read it.

use chimera_domain::Task;

/// Another effect of the agent holds the same text, has answered the same mention, or has made the same payment.
pub(crate) const TEXT_TAKEN: &str =
    "unique: identical text was published, this mention answered, or this payment made before";
/// The ladder ran out.
pub(crate) const NOBODY_ANSWERED: &str = "nobody answered";
/// Nothing of a finished or cancelled campaign is signed.
pub(crate) const CAMPAIGN_OVER: &str = "the campaign is over";
/// An effect without its task cannot be judged.
pub(crate) const TASK_GONE: &str = "its task is gone";
/// [E-4] Every grant of an effect came to nothing.
pub(crate) const STRUCK_TOO_OFTEN: &str = "signed again too often";
/// [M-5] What a person can do where a limit stopped something. Neither a task nor an effect comes back by itself.
pub(crate) const WAY_OUT: &str = "raise the policy's cap or the campaign's budget";

/// What a reviewer said.
pub(crate) fn of_reviewer(comment: Option<&str>) -> String {
    Task::said_by_reviewer(comment)
}
