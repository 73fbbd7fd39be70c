//! Builds the application from its configuration. Starts nothing.
