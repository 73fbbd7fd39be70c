//! Statistics, module usage, health and alerts of the platform.
