//! TLS in front of a server that has none.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use backing_services_conformance::Tls;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::runtime::{self, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::tls;

/// Takes TLS connections and passes what they say on unencrypted, to a server on this machine.
pub struct TlsFront {
    port: u16,
    running: Option<Runtime>,
}

impl TlsFront {
    /// Presents `tls` on a free port, and connects to the server on `backend` for each client.
    pub fn start(tls: &Tls, backend: u16) -> Self {
        Self::run(tls::server_config(tls), backend)
    }

    /// The same, and it lets in clients alone that have a certificate of the same CA.
    pub fn with_client_certificates(tls: &Tls, backend: u16) -> Self {
        Self::run(tls::server_config_for(tls, tls::clients_of(tls)), backend)
    }

    fn run(config: ServerConfig, backend: u16) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its port").port();
        listener.set_nonblocking(true).expect("a listener for tokio");
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.spawn(accept(listener, acceptor, backend));
        Self { port, running: Some(runtime) }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, backend: u16) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    while let Ok((client, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust the certificate ends here, and a server that is dead
            // too.
            if let Ok(mut client) = acceptor.accept(client).await
                && let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, backend)).await
            {
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}

impl fmt::Debug for TlsFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsFront").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}
