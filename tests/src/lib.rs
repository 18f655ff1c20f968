//! Scenarios over real processes, and the architecture test.
