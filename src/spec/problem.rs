//! What is wrong with a spec, and where.

use std::fmt;

use super::tree::Position;

/// One fault of a spec, or one thing that the user should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the spec cannot be used.
    pub fatal: bool,
    /// Where in the file; absent when the file as a whole is meant.
    pub position: Option<Position>,
    /// The field, such as `apiServer.certSANs[2]`; empty when the document as a whole is meant.
    pub field: String,
    /// What is wrong, with both values where two disagree.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// `14:5: apiServer.certSANs[2]: …`: what stands after the name of the file.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "{position}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// The word that was most likely meant: at most a third of its letters off (Jaro-Winkler would find kin in anything).
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(3) / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let known = ["apiServer", "clusterName", "etcd", "nodes"];
        assert_eq!(nearest("clustername", known), Some("clusterName"));
        assert_eq!(nearest("apiSever", known), Some("apiServer"));
        assert_eq!(nearest("node", known), Some("nodes"));
        assert_eq!(nearest("replicas", known), None);
    }
}
