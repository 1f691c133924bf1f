// Reads intents as docs/redis-contract.md says: node ioredis.js URL FIELDS SHOPPERS, the latter two as JSON.
import { Redis } from "ioredis";

const [url, fields, shoppers] = process.argv.slice(2);
const client = new Redis(url);
const found = {};
for (const shopper of JSON.parse(shoppers)) {
  try {
    found[shopper] = await client.hmget(`penchant:{${shopper}}:intent`, ...JSON.parse(fields));
  } catch (error) {
    found[shopper] = error.message;
  }
}
console.log(JSON.stringify(found));
client.disconnect();
