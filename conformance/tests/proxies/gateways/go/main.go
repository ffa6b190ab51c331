// A gateway of Go's standard library with a route for each provider and one for Amp: wrong in the usual ways.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
)

var clientKey = os.Getenv("AMPMAP_CLIENT_KEY")

func to(path, header, key string) http.Handler {
	upstream, err := url.Parse("http://" + os.Getenv("OBSERVER") + path)
	if err != nil {
		log.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set(header, key)
		proxy.ServeHTTP(w, r)
	})
}

func provider(mux *http.ServeMux, name, header, key string) {
	path := "/api/provider/" + name
	mux.Handle(path+"/", http.StripPrefix(path, to("/"+name, header, key)))
}

func main() {
	mux := http.NewServeMux()
	provider(mux, "anthropic", "X-Api-Key", os.Getenv("ANTHROPIC_API_KEY"))
	provider(mux, "openai", "Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
	amp := to("/amp", "Authorization", "Bearer "+os.Getenv("AMP_API_KEY"))
	mux.Handle("/api/", amp)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") == clientKey
		if !known && r.Header.Get("X-Api-Key") != clientKey {
			http.Error(w, "unknown key", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})))
}
