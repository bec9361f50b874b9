/**
 * Where a judge process gets the bytes of large messages: a pipe of their own. Through the channel, which serialises what
 * it carries, a message of 50 MB would be in memory twice more on either side.
 */
export const RAW_DESCRIPTOR = 3;

/** Up to this size a message goes through the channel: copying it costs less than a second write and a second read. */
export const CHANNEL_BYTES = 32 * 1024;
