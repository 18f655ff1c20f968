//! Reading what a namespace pushes.

use confab_protocol::event::Push;
use serde_json::Value;

/// Declares an enum of the pushes that a machine knows, and `read`, which makes one from an event's name and body.
macro_rules! pushes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident($body:ty),)* }) => {
        $(#[$doc])*
        pub(super) enum $name {
            $($variant($body),)*
        }

        impl $name {
            /// None for an event that the machine does not need, or that cannot be read.
            pub(super) fn read(event: &str, body: serde_json::Value) -> Option<Self> {
                $(if event == <$body as confab_protocol::event::Push>::EVENT {
                    return $crate::machine::push::read::<$body>(body).map(Self::$variant);
                })*
                tracing::trace!(event, "an event that nothing here needs");
                None
            }
        }
    };
}

pub(super) use pushes;

/// One push. What cannot be read is left out and logged: a later version of the server may know more, and the log of
/// a room shows any hole by its `seq`.
pub(super) fn read<P: Push>(body: Value) -> Option<P> {
    serde_json::from_value(body)
        .inspect_err(|error| tracing::warn!(event = P::EVENT, %error, "an event that cannot be read"))
        .ok()
}
