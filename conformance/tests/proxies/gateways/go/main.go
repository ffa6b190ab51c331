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

func to(path, header, key string) http.Handler {
	upstream, err := url.Parse("http://" + os.Getenv("OBSERVER") + path)
	if err != nil {
		log.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	director := proxy.Director
	proxy.Director = func(r *http.Request) {
		director(r)
		r.Header.Set(header, key)
	}
	return proxy
}

func main() {
	env := os.Getenv
	mux := http.NewServeMux()
	mux.Handle("/api/provider/anthropic/", http.StripPrefix("/api/provider/anthropic", to("/anthropic", "X-Api-Key", env("ANTHROPIC_API_KEY"))))
	mux.Handle("/api/provider/openai/", http.StripPrefix("/api/provider/openai", to("/openai", "Authorization", "Bearer "+env("OPENAI_API_KEY"))))
	mux.Handle("/api/", to("/amp", "Authorization", "Bearer "+env("AMP_API_KEY")))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+env("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if token != env("AMPMAP_CLIENT_KEY") && r.Header.Get("X-Api-Key") != env("AMPMAP_CLIENT_KEY") {
			http.Error(w, "unknown key", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})))
}
