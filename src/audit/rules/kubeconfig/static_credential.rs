//! `KP-KC004`: a kubeconfig with a secret that nobody renews, or a program that nobody knows.

use crate::audit::rule::rule;
use crate::audit::{Access, Fault, Remedy};
use crate::disk::kubeconfig::Source;

rule! {
    /// A kubeconfig identifies its user by a token, a password or an `auth-provider`, or runs a program for it that is
    /// not known.
    ///
    /// ## Why it matters
    ///
    /// A token or password in a file is good for whoever reads it, often for ever. A program runs with the user's rights
    /// whenever kubectl does: who can change the kubeconfig, or the program, acts as the user.
    ///
    /// A token in a file of its own, which somebody renews, is not meant; nor is `bootstrap-kubelet.conf`.
    ///
    /// ## What to do
    ///
    /// Use a certificate that lasts a day, or a program of your provider's. `kubepki apply` puts a certificate in place of
    /// what a credential's kubeconfig has beside it. Of a program, see that you know where it comes from.
    ///
    /// ## References
    ///
    /// Kubernetes, "Authenticating", client-go credential plugins; CIS Kubernetes Benchmark 3.1.2, 3.1.3.
    "KP-KC004" "static-credential" Medium Access "kubeconfigs"
}

/// Programs that clouds and well-known projects document for this: AWS, Azure and OIDC (kubelogin), DigitalOcean, Google,
/// Oracle, OpenShift, Pinniped, Tanzu, Teleport, Yandex.
const PROGRAMS: [&str; 14] = [
    "aws",
    "aws-iam-authenticator",
    "doctl",
    "gcloud",
    "gke-gcloud-auth-plugin",
    "kubectl oidc-login",
    "kubectl-oidc_login",
    "kubelogin",
    "oc",
    "oci",
    "pinniped",
    "tanzu",
    "tsh",
    "yc",
];

fn applies(access: &Access<'_>) -> bool {
    access.file_name() != super::BOOTSTRAP
}

fn check(access: &Access<'_>) -> Vec<Fault> {
    let kubeconfig = access.kubeconfig;
    // A credential's without a certificate lacks that: one finding is enough.
    if access.case().is_some() && matches!(kubeconfig.certificate, Source::Absent) {
        return Vec::new();
    }
    let unknown = kubeconfig.program.as_deref().filter(|program| !is_known(program));
    let message = if kubeconfig.token {
        "identifies its user by a token that stands in it".to_owned()
    } else if kubeconfig.other_credentials.contains(&"password") {
        "identifies its user by a password".to_owned()
    } else if kubeconfig.other_credentials.contains(&"auth provider") {
        "identifies its user by an auth-provider, which keeps its tokens in it".to_owned()
    } else if let Some(program) = unknown {
        format!("runs `{}`, which is not known here", program.escape_debug())
    } else {
        return Vec::new();
    };
    vec![access.fault(message, Remedy::Rekey, "use a short-lived certificate, or your provider's program")]
}

/// Whether a program is known, wherever it is installed.
fn is_known(program: &str) -> bool {
    let (path, plugin) = program.split_once(' ').unwrap_or((program, ""));
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    PROGRAMS.contains(&format!("{name} {plugin}").trim_end())
}

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn a_program_is_known_wherever_it_is() {
        for (program, known) in [
            ("aws", true),
            ("/usr/local/bin/aws", true),
            ("C:\\tools\\kubelogin.exe", true),
            ("kubectl oidc-login", true),
            ("kubectl steal-tokens", false),
            ("/tmp/x", false),
            ("", false),
        ] {
            assert_eq!(is_known(program), known, "{program}");
        }
    }
}
