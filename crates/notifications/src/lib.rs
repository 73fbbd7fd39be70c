//! Messages, deliveries, templates and the inbox.
