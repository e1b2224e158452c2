mod keep_alive;
mod opening;
mod subscribing;
