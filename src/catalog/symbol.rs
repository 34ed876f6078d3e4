//! The words in angle brackets that a row's texts may hold.

/// A word in angle brackets that stands for something that the spec decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// `apiServer.certSANs`.
    CertSans,
    /// The common name of the same row.
    CommonName,
    /// The host of `controlPlaneEndpoint`.
    ControlPlaneEndpoint,
    /// `networking.dnsDomain`.
    DnsDomain,
    /// `etcd.local.peerCertSANs`.
    EtcdPeerSans,
    /// `etcd.local.serverCertSANs`.
    EtcdServerSans,
    /// The node's addresses, the advertised one first.
    NodeAddresses,
    /// The node's name.
    NodeName,
    /// The first address of each service subnet.
    ServiceIps,
}

impl Symbol {
    /// Every symbol with its word.
    pub const ALL: [(&'static str, Self); 9] = [
        ("cert-sans", Self::CertSans),
        ("common-name", Self::CommonName),
        ("control-plane-endpoint", Self::ControlPlaneEndpoint),
        ("dns-domain", Self::DnsDomain),
        ("etcd-peer-sans", Self::EtcdPeerSans),
        ("etcd-server-sans", Self::EtcdServerSans),
        ("node-addresses", Self::NodeAddresses),
        ("node-name", Self::NodeName),
        ("service-ips", Self::ServiceIps),
    ];

    /// The first symbol in a text: what stands before it, the word in its brackets, and what follows.
    #[must_use]
    pub fn split(text: &str) -> Option<(&str, &str, &str)> {
        let (before, rest) = text.split_once('<')?;
        let (word, after) = rest.split_once('>')?;
        Some((before, word, after))
    }

    /// The symbol with this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, symbol)| symbol)
    }
}
