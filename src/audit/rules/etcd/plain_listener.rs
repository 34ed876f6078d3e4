//! `KP-ET006`: an etcd that speaks plain text.

use crate::audit::etcd::doors;
use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};

rule! {
    /// etcd listens without TLS beyond the machine itself.
    ///
    /// ## Why it matters
    ///
    /// Every object of the cluster goes over the wire in the clear, secrets included, and nobody is asked who he is.
    ///
    /// `--listen-metrics-urls` is not looked at: there are numbers only.
    ///
    /// ## What to do
    ///
    /// `https://` in `--listen-client-urls` and `--listen-peer-urls`, or the address of the loopback interface.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 2.1 and 2.4.
    "KP-ET006" "plain-listener" High Node "etcd members"
}

fn applies(node: &Node<'_>) -> bool {
    node.pod("etcd").is_some_and(|(_, pod)| !doors(pod).is_empty())
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some((manifest, pod)) = node.pod("etcd") else { return Vec::new() };
    let doors = doors(pod);
    let open = doors.iter().flat_map(|door| door.open_urls().into_iter().map(move |url| (door, url)));
    open.map(|(door, url)| {
        let message = format!("listens for {}s at {} without TLS", door.of, url.escape_debug());
        Fault::new(manifest.to_owned(), message, Remedy::by_hand("use https://, or the loopback address"))
    })
    .collect()
}
