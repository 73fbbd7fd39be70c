//! When a mail that was not sent is tried again.

use std::time::Duration;
use vigie_jobs::{Lane, Retry};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// For the security lane: 5 s, 15 s, 45 s, 2 min, 5 min, 10 min, about as long as the tokens in such mails are good.
pub const SECURITY_RETRY: Retry =
    Retry::after(&[secs(5), secs(15), secs(45), secs(120), secs(300), secs(600)]);

/// For the transactional lane: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h.
pub const TRANSACTIONAL_RETRY: Retry =
    Retry::after(&[secs(5), secs(300), secs(1_800), secs(7_200), secs(18_000), secs(36_000), secs(36_000)]);

/// For the bulk lane: 5 min, 30 min, 2 h, 6 h.
pub const BULK_RETRY: Retry = Retry::after(&[secs(300), secs(1_800), secs(7_200), secs(21_600)]);

/// How long a job waits when the server takes no mail of ours at all.
pub const REFUSED_PAUSE: Duration = secs(300);

/// The schedule of a lane. The queue moves every delay by up to a fifth, by chance.
#[must_use]
pub const fn retry_of(lane: Lane) -> Retry {
    match lane {
        Lane::Security => SECURITY_RETRY,
        Lane::Transactional => TRANSACTIONAL_RETRY,
        Lane::Bulk => BULK_RETRY,
    }
}
