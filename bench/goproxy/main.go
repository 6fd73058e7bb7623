// The least a Go gateway does: check the key, read the body as JSON, set the model, forward through
// httputil.ReverseProxy. Usage: goproxy LISTEN UPSTREAM KEY
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
)

func main() {
	upstream, err := url.Parse(os.Args[2])
	if err != nil {
		panic(err)
	}
	key := "Bearer " + os.Args[3]
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.FlushInterval = -1
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 2048, DisableCompression: true}
	forward := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != key {
			http.Error(w, `{"error":{"message":"unknown key"}}`, http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body)
		var fields map[string]json.RawMessage
		if err != nil || json.Unmarshal(body, &fields) != nil {
			http.Error(w, `{"error":{"message":"not JSON"}}`, http.StatusBadRequest)
			return
		}
		fields["model"] = json.RawMessage(`"mock"`)
		body, _ = json.Marshal(fields)
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
		r.Header.Set("Authorization", "Bearer upstream")
		proxy.ServeHTTP(w, r)
	}
	http.HandleFunc("/v1/chat/completions", forward)
	if err := http.ListenAndServe(os.Args[1], nil); err != nil {
		panic(err)
	}
}
