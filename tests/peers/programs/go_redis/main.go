// Reads intents as docs/redis-contract.md says: go run . URL FIELDS SHOPPERS, the latter two as JSON.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/redis/go-redis/v9"
)

func main() {
	options, err := redis.ParseURL(os.Args[1])
	check(err)
	client := redis.NewClient(options)
	defer client.Close()
	var fields, shoppers []string
	check(json.Unmarshal([]byte(os.Args[2]), &fields))
	check(json.Unmarshal([]byte(os.Args[3]), &shoppers))
	found := map[string]any{}
	for _, shopper := range shoppers {
		values, err := client.HMGet(context.Background(), "penchant:{"+shopper+"}:intent", fields...).Result()
		if err != nil {
			found[shopper] = err.Error()
		} else {
			found[shopper] = values
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(found))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
