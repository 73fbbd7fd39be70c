//! Organizations, their states, plans, provisioning and resolution.
