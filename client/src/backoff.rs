//! Full jitter: after the n-th failure in a row, wait a random time below `base * 2^n`, at most the cap. Never gives up.
//!
//! The web client follows the same law (`ui/src/port/web/backoff.ts`); `protocol/vectors/backoff.json` holds both to it.
//!
//! Randomness comes from a seed given at the start, so that a machine that holds one stays a pure function of its inputs.

/// The ceiling after the first failure.
const BASE_MS: u64 = 500;
/// The ceiling while a failure may still be a restart or a short loss of the network: whoever comes back is in sync within
/// ten seconds.
pub const CAP_MS: u64 = 8_000;
/// After so many failures in a row (about a minute, about four minutes) links have a higher ceiling. With the last one the
/// two links of a session together try less than twice a minute; a network that comes back is noticed by other means.
const LATER: [(u32, u64); 2] = [(18, 30_000), (30, 150_000)];

/// How long to wait before the next attempt.
#[derive(Debug, Clone)]
pub struct Backoff {
    attempt: u32,
    random: u64,
    of_link: bool,
}

impl Backoff {
    /// No failure yet. Two clients must not get the same seed, or they come back at the same time.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { attempt: 0, random: seed, of_link: false }
    }

    /// Like [`Backoff::new`], for a link: it waits longer when a loss lasts.
    #[must_use]
    pub const fn of_link(seed: u64) -> Self {
        Self { of_link: true, ..Self::new(seed) }
    }

    /// How many attempts failed in a row.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// One more failed: how many milliseconds to wait before the next try.
    pub fn failed(&mut self) -> u64 {
        let ceiling = self.ceiling();
        self.attempt = self.attempt.saturating_add(1);
        self.next_random() % (ceiling + 1)
    }

    /// It worked, if only for a moment: this is no outage that lasts, however often it fails again.
    pub const fn worked(&mut self) {
        if self.attempt >= LATER[0].0 {
            self.attempt = LATER[0].0 - 1;
        }
    }

    /// It worked, and for long enough to count.
    pub const fn reset(&mut self) {
        self.attempt = 0;
    }

    /// What the next wait is below.
    fn ceiling(&self) -> u64 {
        let later = LATER.iter().rev().find(|(after, _)| self.of_link && self.attempt >= *after);
        let cap = later.map_or(CAP_MS, |(_, cap)| *cap);
        BASE_MS.saturating_mul(1 << self.attempt.min(16)).min(cap)
    }

    /// SplitMix64: small, and good enough to spread clients out.
    const fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_stay_below_the_growing_ceiling_and_the_cap(seed: u64, failures in 1_u32..200) {
            let mut backoff = Backoff::new(seed);
            for n in 0..failures {
                let ceiling = (500_u64 << n.min(16)).min(CAP_MS);
                prop_assert!(backoff.failed() <= ceiling);
            }
            prop_assert_eq!(backoff.attempt(), failures);
            backoff.reset();
            prop_assert!(backoff.failed() <= BASE_MS);
        }
    }

    #[derive(serde::Deserialize)]
    struct Vector {
        name: String,
        of: String,
        steps: Vec<Step>,
    }

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Step {
        Failed(u64),
        Worked(#[expect(dead_code, reason = "always true in the vectors")] bool),
        Reset(#[expect(dead_code, reason = "always true in the vectors")] bool),
    }

    #[test]
    fn ceilings_are_what_the_shared_vectors_say() {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../protocol/vectors/backoff.json")).unwrap();
        assert!(!vectors.is_empty());
        for Vector { name, of, steps } in vectors {
            let mut backoff = if of == "link" { Backoff::of_link(7) } else { Backoff::new(7) };
            for step in steps {
                match step {
                    Step::Failed(ceiling) => {
                        assert_eq!(backoff.ceiling(), ceiling, "{name}: after {}", backoff.attempt());
                        assert!(backoff.failed() <= ceiling);
                    }
                    Step::Worked(_) => backoff.worked(),
                    Step::Reset(_) => backoff.reset(),
                }
            }
        }
    }

    #[test]
    fn a_link_that_comes_and_goes_never_waits_as_in_an_outage_that_lasts() {
        let mut backoff = Backoff::of_link(1);
        let longest = |backoff: &mut Backoff, failures: u32| (0..failures).map(|_| backoff.failed()).max().unwrap();
        assert!(longest(&mut backoff, 60) > CAP_MS);
        for _ in 0..60 {
            backoff.worked();
            assert!(longest(&mut backoff, 1) <= CAP_MS);
        }
    }

    #[test]
    fn jitter_is_full_and_differs_between_clients() {
        let waits: Vec<u64> = (0..1_000)
            .map(|seed| {
                let mut backoff = Backoff::new(seed);
                (0..8).map(|_| backoff.failed()).last().unwrap()
            })
            .collect();
        assert!(waits.iter().any(|&w| w < CAP_MS / 10) && waits.iter().any(|&w| w > CAP_MS * 9 / 10));
        let mean = waits.iter().sum::<u64>() / 1_000;
        assert!((CAP_MS * 4 / 10..CAP_MS * 6 / 10).contains(&mean), "{mean}");
    }
}
