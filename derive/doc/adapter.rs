# use backing_services::{Adapter, ClientError, Handle, HandleError};
# #[derive(Clone)]
# pub struct MySql;
# impl Adapter for MySql {
#     const NAME: &'static str = "MySQL";
#     const SCHEMES: &'static [&'static str] = &["mysql"];
#     const EXAMPLE: &'static str = "mysql://localhost/app";
#     type Client = ();
#     fn from_handle(_: &Handle) -> Result<Self, HandleError> { Ok(Self) }
#     async fn connect(&self) -> Result<(), ClientError> { Ok(()) }
#     async fn ping(_: &()) -> Result<(), ClientError> { Ok(()) }
# }
