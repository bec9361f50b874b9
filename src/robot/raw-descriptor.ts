/**
 * Where a judge process gets the bytes of messages: a pipe of their own. Through the channel, which serialises what it
 * carries, a message of 50 MB would be in memory twice more on either side.
 */
export const RAW_DESCRIPTOR = 3;
