//! Test organizations, typed HTTP clients and servers for tests. A dev-dependency only.
