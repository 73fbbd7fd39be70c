//! Users, memberships, roles, passwords, sessions and tokens.
