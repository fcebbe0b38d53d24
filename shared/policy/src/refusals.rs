//! What a platform's refusal means for an effect: the one table. `docs/ERRORS.md` tells it to people.

use chimera_domain::Refusal;

/// What an operator is told where a deletion ended without having happened, whatever ended it.
pub const STILL_THERE: &str = "What was to be taken back may still be there: look at the account";

/// Who must hear of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nobody: the system goes on by itself.
    Nobody,
    /// Whoever runs the campaign or the account.
    Operator,
    /// Whoever runs the system: nothing of this kind will work until somebody has looked.
    Page,
}

/// Why a platform refuses: a word that stays, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlatformRefusal {
    /// The account has said exactly this before: only other words will do.
    Duplicate,
    /// Too many calls: later.
    RateLimited,
    /// It was not reached, and provably did nothing: later.
    UpstreamUnavailable,
    /// The account may not act: suspended or locked.
    AccountSuspended,
    /// Our credentials are not good, or not good for this.
    CredentialsRefused,
    /// The text is longer than the platform takes.
    TextTooLong,
    /// What is answered is not there.
    NotFound,
    /// The post is another account's.
    NotOwner,
    /// The wallet holds too little.
    InsufficientFunds,
    /// The platform's own rules forbid it: a limit, a list, a law.
    PolicyViolation,
    /// The quote that it was to be done by is too old: only another quote will do.
    QuoteExpired,
    /// The transfer was taken and did not arrive: nothing moved.
    TransferFailed,
    /// The platform has no such thing.
    Unsupported,
    /// The stack is in dry run: nothing is sent to any platform.
    DryRun,
    /// A definite no that this table does not know.
    PlatformRefused,
}

impl PlatformRefusal {
    /// Every row of the table.
    pub const ALL: [Self; 15] = [
        Self::Duplicate,
        Self::RateLimited,
        Self::UpstreamUnavailable,
        Self::AccountSuspended,
        Self::CredentialsRefused,
        Self::TextTooLong,
        Self::NotFound,
        Self::NotOwner,
        Self::InsufficientFunds,
        Self::PolicyViolation,
        Self::QuoteExpired,
        Self::TransferFailed,
        Self::Unsupported,
        Self::DryRun,
        Self::PlatformRefused,
    ];

    /// The row: code, whether a new grant may do better, who must hear of it.
    const fn row(self) -> (&'static str, bool, Told) {
        match self {
            Self::Duplicate => ("duplicate", false, Told::Operator),
            Self::RateLimited => ("rate_limited", true, Told::Nobody),
            Self::UpstreamUnavailable => ("upstream_unavailable", true, Told::Nobody),
            Self::AccountSuspended => ("account_suspended", false, Told::Operator),
            Self::CredentialsRefused => ("credentials_refused", false, Told::Page),
            Self::TextTooLong => ("text_too_long", false, Told::Page),
            Self::NotFound => ("not_found", false, Told::Operator),
            Self::NotOwner => ("not_owner", false, Told::Page),
            Self::InsufficientFunds => ("insufficient_funds", false, Told::Operator),
            Self::PolicyViolation => ("policy_violation", false, Told::Operator),
            Self::QuoteExpired => ("quote_expired", false, Told::Operator),
            Self::TransferFailed => ("transfer_failed", false, Told::Operator),
            Self::Unsupported => ("unsupported", false, Told::Operator),
            Self::DryRun => ("dry_run", false, Told::Operator),
            Self::PlatformRefused => ("platform_refused", false, Told::Page),
        }
    }

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().0
    }

    /// Whether a new grant may do better.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        self.row().1
    }

    /// Who must hear of it.
    #[must_use]
    pub const fn told(self) -> Told {
        self.row().2
    }

    /// The row of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|row| row.code() == code)
    }

    /// The refusal as a write server answers it.
    #[must_use]
    pub fn refusal(self, message: impl Into<String>) -> Refusal {
        Refusal { code: self.code().to_owned(), message: message.into(), retryable: self.is_retryable() }
    }
}

/// [E-11] Whether a new grant may do better. What the table knows is treated by its code, whatever the server says of it.
#[must_use]
pub fn is_retryable(refusal: &Refusal) -> bool {
    PlatformRefusal::of_code(&refusal.code).map_or(refusal.retryable, PlatformRefusal::is_retryable)
}

/// [E-11] Who must hear of a refusal. A code that is not the platform's is the write server's own: where no new grant
/// helps, the house does not fit together.
#[must_use]
pub fn told(refusal: &Refusal) -> Told {
    match PlatformRefusal::of_code(&refusal.code) {
        Some(row) => row.told(),
        None if refusal.retryable => Told::Nobody,
        None => Told::Page,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [E-11]
    #[test]
    fn the_documentation_says_of_each_code_who_must_act() {
        let errors = include_str!("../../../docs/ERRORS.md");
        for row in PlatformRefusal::ALL {
            let who = match row.told() {
                Told::Nobody => "Again",
                Told::Operator => "Operator",
                Told::Page => "Page",
            };
            let heading = format!("### {} (platform)\n*{who}.*", row.code());
            assert!(errors.contains(&heading), "docs/ERRORS.md lacks {heading:?}");
        }
    }

    #[test]
    fn only_what_goes_on_by_itself_is_tried_again() {
        for row in PlatformRefusal::ALL {
            assert_eq!(row.is_retryable(), row.told() == Told::Nobody, "{row:?}");
            assert_eq!(PlatformRefusal::of_code(row.code()), Some(row));
        }
    }

    #[test]
    fn the_code_counts_and_not_what_a_server_says_of_it() {
        let boasting = Refusal { retryable: true, ..PlatformRefusal::AccountSuspended.refusal("try again") };
        assert!(!is_retryable(&boasting));
        let expired = Refusal { code: "grant_expired".to_owned(), message: String::new(), retryable: true };
        assert_eq!((is_retryable(&expired), told(&expired)), (true, Told::Nobody));
        let forged = Refusal { code: "grant_invalid".to_owned(), message: String::new(), retryable: false };
        assert_eq!((is_retryable(&forged), told(&forged)), (false, Told::Page));
    }
}
