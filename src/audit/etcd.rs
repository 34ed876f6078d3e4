//! An etcd member as the manifest of its static pod starts it: who is let in where, and with what.

use std::net::IpAddr;

use super::{File, Node};
use crate::disk::StaticPod;

/// One of the two doors of a member: that of its clients, and that of other members.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    pod: &'a StaticPod,
    /// Who comes in by it: `client` or `peer`.
    pub of: &'static str,
    flags: Flags,
    /// The revocation list that is asked (`--client-crl-file`, `--peer-crl-file`).
    pub revocation: Option<&'a str>,
}

/// The flags of a door.
#[derive(Clone, Copy, Debug)]
struct Flags {
    urls: &'static str,
    certificate: &'static str,
    authority: &'static str,
    check: &'static str,
    automatic: &'static str,
}

const CLIENT: Flags = Flags {
    urls: "listen-client-urls",
    certificate: "cert-file",
    authority: "trusted-ca-file",
    check: "client-cert-auth",
    automatic: "auto-tls",
};

const PEER: Flags = Flags {
    urls: "listen-peer-urls",
    certificate: "peer-cert-file",
    authority: "peer-trusted-ca-file",
    check: "peer-client-cert-auth",
    automatic: "peer-auto-tls",
};

/// The doors of a member; none where a configuration file takes the place of all flags (etcd's `--config-file`).
#[must_use]
pub fn doors(pod: &StaticPod) -> Vec<Door<'_>> {
    if named(pod, "config-file").is_some() {
        return Vec::new();
    }
    let door = |of, flags, revocation| Door { pod, of, flags, revocation: named(pod, revocation) };
    vec![door("client", CLIENT, "client-crl-file"), door("peer", PEER, "peer-crl-file")]
}

impl<'a> Door<'a> {
    /// The URLs that it listens at.
    #[must_use]
    pub fn urls(&self) -> Vec<&'a str> {
        // etcd's defaults are on the loopback interface.
        self.pod.flag(self.flags.urls).unwrap_or_default().split(',').filter(|url| !url.is_empty()).collect()
    }

    /// Whether anything but plain text is spoken at it.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.certificate().is_some()
            || self.is_automatic()
            || self.urls().iter().any(|url| url.starts_with("https"))
    }

    /// The certificate that is shown at it.
    #[must_use]
    pub fn certificate(&self) -> Option<&'a str> {
        named(self.pod, self.flags.certificate)
    }

    /// The CAs that are believed at it.
    #[must_use]
    pub fn authority(&self) -> Option<&'a str> {
        named(self.pod, self.flags.authority)
    }

    /// Whether etcd makes a certificate for it by itself; not where one is given (`ClientSelfCert` in
    /// server/embed/config.go).
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        self.certificate().is_none() && self.pod.is_on(self.flags.automatic, false)
    }

    /// Whether who comes in has to show a certificate: with a CA to check it, etcd asks for one even without being told
    /// (`ServerConfig` in client/pkg/transport/listener.go).
    #[must_use]
    pub fn is_checked(&self) -> bool {
        self.authority().is_some() || self.pod.is_on(self.flags.check, false)
    }

    /// The URLs at which plain text is spoken beyond the machine itself.
    #[must_use]
    pub fn open_urls(&self) -> Vec<&'a str> {
        let mut urls = self.urls();
        if self.of == "client" {
            let more = self.pod.flag("listen-client-http-urls").unwrap_or_default();
            urls.extend(more.split(',').filter(|url| !url.is_empty()));
        }
        urls.retain(|url| url.strip_prefix("http://").is_some_and(|rest| !is_loopback(rest)));
        urls
    }

    /// The flag that says which certificate is shown at it, and that which says whether one is asked for.
    #[must_use]
    pub fn flag_names(&self) -> [&'static str; 4] {
        let Flags { certificate, authority, check, automatic, .. } = self.flags;
        [certificate, authority, check, automatic]
    }
}

/// A flag that names something.
fn named<'a>(pod: &'a StaticPod, flag: &str) -> Option<&'a str> {
    pod.flag(flag).filter(|value| !value.is_empty())
}

/// Whether what follows the scheme of a URL is on the machine itself.
fn is_loopback(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The release of etcd in a manifest's image: `3.5.21-0` is 3.5.
#[must_use]
pub fn release(pod: &StaticPod) -> Option<(u16, u16)> {
    let tag = pod.tag()?;
    let mut numbers = tag.strip_prefix('v').unwrap_or(tag).split(['.', '-', '+']);
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?))
}

/// The files with revocation lists that a node's member is told to ask, each with the door.
#[must_use]
pub fn asked<'a>(node: &Node<'a>) -> Vec<(&'a StaticPod, Door<'a>, File<'a>)> {
    let pod = node.pod("etcd").map(|(_, pod)| pod);
    let doors = pod.into_iter().flat_map(|pod| doors(pod).into_iter().map(move |door| (pod, door)));
    doors.filter_map(|(pod, door)| Some((pod, door, node.file(door.revocation?)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_itself_is_told_from_others() {
        for (rest, own) in [
            ("127.0.0.1:2379", true),
            ("localhost:2379", true),
            ("[::1]:2379", true),
            ("127.0.0.1", true),
            ("0.0.0.0:2379", false),
            ("[::]:2379", false),
            ("192.0.2.1:2379/path", false),
            (":2379", false),
        ] {
            assert_eq!(is_loopback(rest), own, "{rest}");
        }
    }

    #[test]
    fn releases_are_read_from_image_tags() {
        for (image, expected) in [
            ("registry.k8s.io/etcd:3.5.21-0", Some((3, 5))),
            ("quay.io/coreos/etcd:v3.6.4", Some((3, 6))),
            ("registry:5000/etcd", None),
            ("registry.k8s.io/etcd@sha256:00", None),
        ] {
            let pod = StaticPod { image: image.to_owned(), ..StaticPod::default() };
            assert_eq!(release(&pod), expected, "{image}");
        }
    }
}
