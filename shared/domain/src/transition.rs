//! The error every status's total transition function shares.

use thiserror::Error;

/// An event that the present status does not allow. The row has moved on: the caller treats its input as stale, reads
/// again, or reports a defect; it never forces the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a {what} that is {from} cannot {event}")]
pub struct IllegalTransition {
    /// What kind of row it is.
    pub what: &'static str,
    /// Its present status.
    pub from: &'static str,
    /// The event that was tried.
    pub event: &'static str,
}

/// [P-2] Declares a status enum with its names, its events, and one total `next`.
macro_rules! status {
    (
        $(#[$doc:meta])* $status:ident ($what:literal) {
            $( $(#[$vdoc:meta])* $variant:ident = $name:literal ),+ $(,)?
        }
        $(#[$edoc:meta])* $event:ident {
            $( $(#[$evdoc:meta])* $ev:ident = $evname:literal : { $( $from:ident => $to:ident ),+ $(,)? } ),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $status {
            $( $(#[$vdoc])* #[serde(rename = $name)] $variant ),+
        }

        $(#[$edoc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $event {
            $( $(#[$evdoc])* $ev ),+
        }

        impl $event {
            /// Every event.
            pub const ALL: &'static [Self] = &[$( Self::$ev ),+];

            /// The event's name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$ev => $evname ),+ }
            }
        }

        impl $status {
            /// Every status.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];

            /// The status as rows, API and screens spell it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name ),+ }
            }

            /// The status after `event`.
            ///
            /// # Errors
            /// [`crate::IllegalTransition`] when the present status does not allow it.
            pub fn next(self, event: $event) -> Result<Self, crate::IllegalTransition> {
                match (self, event) {
                    $( $( (Self::$from, $event::$ev) => Ok(Self::$to), )+ )+
                    _ => Err(crate::IllegalTransition {
                        what: $what,
                        from: self.name(),
                        event: event.name(),
                    }),
                }
            }
        }

        impl std::fmt::Display for $status {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use status;
