//! Texts that are as common and as rare in their words as those of people: Zipf's law over a vocabulary that is made, not taken
//! from anywhere, the same in every run.

const FIRST: &[&str] = &[
    "the", "to", "and", "of", "is", "in", "it", "for", "that", "on", "with", "this", "you", "we", "be", "have", "not",
    "are", "can", "will", "server", "client", "test", "build", "release", "review", "deploy", "branch", "merge",
    "issue", "meeting", "tomorrow", "please", "thanks", "where", "which", "could", "should", "about", "there",
];
const SYLLABLES: &[&str] = &[
    "ba", "con", "de", "ex", "fu", "gra", "hy", "in", "ju", "ko", "lum", "mi", "nor", "op", "pre", "qui", "re", "sta",
    "tri", "un", "ver", "wa", "xy", "yo", "zen", "ble", "cket", "dge", "fer", "ght", "ing", "ment", "ness", "rous",
    "ship", "tion", "ture", "ward", "lect", "port",
];
const VOCABULARY: usize = 40_000;
const CJK: &[char] = &[
    '東', '京', '大', '阪', '会', '議', '明', '日', '資', '料', '確', '認', '開', '発', '環', '境', '設', '定', '電',
    '話', '番', '号', '問', '題', '解', '決', '方', '法', '時', '間', '場', '所', '今', '週', '報', '告', '書', '作',
    '成', '中',
];

/// A source of texts, and of words to look for.
#[derive(Debug)]
pub struct Words {
    vocabulary: Vec<String>,
    /// How often a word or a commoner one comes.
    weights: Vec<f64>,
    state: u64,
}

impl Words {
    /// With the words alone.
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// Texts of its own.
    pub fn seeded(seed: u64) -> Self {
        let mut source = Self { vocabulary: Vec::new(), weights: Vec::new(), state: 1 };
        source.vocabulary.extend(FIRST.iter().map(|&word| word.to_owned()));
        while source.vocabulary.len() < VOCABULARY {
            let syllables = 2 + source.below(3);
            let word = (0..syllables).map(|_| SYLLABLES[source.below(SYLLABLES.len())]).collect();
            source.vocabulary.push(word);
        }
        let mut sum = 0.0;
        source.weights = (0..VOCABULARY)
            .map(|rank| {
                sum += 1.0 / (rank as f64 + 2.0);
                sum
            })
            .collect();
        source.state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        source
    }

    /// A message: mostly of five to thirty words; one in ten is Japanese.
    pub fn message(&mut self) -> String {
        if self.below(10) == 0 {
            let length = 4 + self.below(30);
            return (0..length).map(|_| CJK[self.below(CJK.len())]).collect();
        }
        let length = 5 + self.below(25);
        let ranks: Vec<usize> = (0..length).map(|_| self.rank()).collect();
        ranks.iter().map(|&rank| self.vocabulary[rank].as_str()).collect::<Vec<_>>().join(" ")
    }

    /// One of the words that most messages have.
    pub fn common(&self, n: usize) -> &str {
        &self.vocabulary[n % 15]
    }

    /// One that a few hundred messages have.
    pub fn middling(&self, n: usize) -> &str {
        &self.vocabulary[2_000 + n * 37]
    }

    /// One that few messages have.
    pub fn rare(&self, n: usize) -> &str {
        &self.vocabulary[VOCABULARY - 1 - n * 101]
    }

    /// The middle of a word.
    pub fn part(&self, n: usize) -> &str {
        let word = &self.vocabulary[500 + n * 53];
        &word[1..word.len() - 1]
    }

    /// Two characters.
    pub fn cjk(&self, n: usize) -> String {
        [CJK[n % CJK.len()], CJK[(n * 7 + 3) % CJK.len()]].iter().collect()
    }

    /// Of a word.
    fn rank(&mut self) -> usize {
        let total = self.weights[VOCABULARY - 1];
        let at = self.below(1 << 30) as f64 / f64::from(1 << 30) * total;
        self.weights.partition_point(|&weight| weight < at).min(VOCABULARY - 1)
    }

    /// xorshift64*.
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        ((self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % end
    }
}
