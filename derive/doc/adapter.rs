# use backing_services::{Adapter, ClientError, Connect, Handle, Host};
# #[derive(Adapter, Clone)]
# #[adapter(schemes("mysql"), example = "mysql://localhost/app", port = 3306)]
# pub struct MySql {
#     #[handle]
#     handle: Handle,
#     #[handle(host)]
#     host: Host,
#     #[handle(name)]
#     database: Option<String>,
#     #[handle(param = "max_connections", default = "10", tuning)]
#     max_connections: u16,
# }
# impl Connect for MySql {
#     type Client = MySqlPool;
#     async fn connect(&self) -> Result<MySqlPool, ClientError> {
#         let _ = (&self.host, &self.database, self.max_connections);
#         Ok(MySqlPool)
#     }
# }
# /// In the place of `sqlx::MySqlPool`.
# #[derive(Clone)]
# pub struct MySqlPool;
