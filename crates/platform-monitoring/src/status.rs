//! From single probes to a status that can be relied on.

use std::cmp::Ordering;

/// Bad observations in a row before a status worsens.
const TO_WORSEN: usize = 3;
/// Good observations in a row before a status recovers.
const TO_RECOVER: usize = 2;

/// How well something is, from good to bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthStatus {
    /// Everything works.
    #[default]
    Healthy,
    /// Requests are served, with something missing.
    Degraded,
    /// Requests cannot be served.
    Unhealthy,
}

impl HealthStatus {
    /// The stable name, as in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// The HTTP status of a health answer: 200, or 503 when unhealthy.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Healthy | Self::Degraded => 200,
            Self::Unhealthy => 503,
        }
    }
}

/// What the failure of one thing means for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Impact {
    /// Without it no request can be served.
    Critical,
    /// Without it requests are served, with something missing.
    Degrading,
}

impl Impact {
    /// What a single probe of such a thing shows.
    #[must_use]
    pub const fn observed(self, good: bool) -> HealthStatus {
        match (good, self) {
            (true, _) => HealthStatus::Healthy,
            (false, Self::Degrading) => HealthStatus::Degraded,
            (false, Self::Critical) => HealthStatus::Unhealthy,
        }
    }
}

/// The status of the whole: that of its worst part; healthy without parts.
pub fn overall(parts: impl IntoIterator<Item = HealthStatus>) -> HealthStatus {
    parts.into_iter().max().unwrap_or_default()
}

/// A status that worsens after three observations in a row that are worse, and recovers after two that are better. It goes
/// only as far as every one of them bears out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SteadyStatus {
    current: HealthStatus,
    /// The latest observations, newest last.
    latest: [Option<HealthStatus>; TO_WORSEN],
}

impl SteadyStatus {
    /// Starts at a status.
    #[must_use]
    pub const fn starting(current: HealthStatus) -> Self {
        Self { current, latest: [None; TO_WORSEN] }
    }

    /// The status now.
    #[must_use]
    pub const fn current(&self) -> HealthStatus {
        self.current
    }

    /// Takes an observation in and tells the status after it.
    pub fn observe(&mut self, observed: HealthStatus) -> HealthStatus {
        self.latest.rotate_left(1);
        self.latest[TO_WORSEN - 1] = Some(observed);
        if let Some(mildest) = self.all_of(TO_WORSEN, Ordering::Greater).and_then(Iterator::min) {
            self.current = mildest;
        } else if let Some(worst) = self.all_of(TO_RECOVER, Ordering::Less).and_then(Iterator::max) {
            self.current = worst;
        }
        self.current
    }

    /// The latest so many observations, if every one of them lies on that side of the status.
    fn all_of(&self, count: usize, side: Ordering) -> Option<impl Iterator<Item = HealthStatus>> {
        let run = self.latest.iter().skip(TO_WORSEN - count);
        run.clone()
            .all(|observed| observed.is_some_and(|observed| observed.cmp(&self.current) == side))
            .then(|| run.copied().flatten())
    }
}
