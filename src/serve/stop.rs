//! Word that the server stops.

use tokio::sync::watch::Receiver;

/// Waits until the server stops.
pub async fn stopped(stop: &mut Receiver<bool>) {
    // Also where whoever could say so has gone.
    drop(stop.wait_for(|stop| *stop).await);
}
