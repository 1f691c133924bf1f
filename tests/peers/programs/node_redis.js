// Reads intents as docs/redis-contract.md says: node node_redis.js URL FIELDS SHOPPERS, the latter two as JSON.
import { createClient } from "redis";

const [url, fields, shoppers] = process.argv.slice(2);
const client = createClient({ url });
await client.connect();
const found = {};
for (const shopper of JSON.parse(shoppers)) {
  try {
    found[shopper] = await client.hmGet(`penchant:{${shopper}}:intent`, JSON.parse(fields));
  } catch (error) {
    found[shopper] = error.message;
  }
}
console.log(JSON.stringify(found));
client.destroy();
