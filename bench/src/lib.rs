//! Load generator, benchmarks and peers.
