// A gateway of Go's standard library, written after the documentation of net/http/httputil.ReverseProxy.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
)

var (
	dots  = regexp.MustCompile(`(?i)(/|%2f)(\.|%2e)+(/|%2f|$)`)
	pages = regexp.MustCompile(`^/(auth|docs|settings|threads)(/|$)`)
	keys  = regexp.MustCompile(`(^|&)(key|auth_token)=[^&]*`) // fields of a query that may hold a client's key
	amp   = regexp.MustCompile(`^/api/(ads|auth|internal|meta|otel|tab|telemetry|thread-actors|threads|user)(/|$)|^/(news|threads)\.rss$`)
	// Prefix below /api/provider, prefix at the upstream, header with the upstream's key. Pages for browsers get no key.
	routes = [][4]string{
		{"/anthropic/", "/anthropic/", "X-Api-Key", os.Getenv("ANTHROPIC_API_KEY")},
		{"/cerebras/", "/cerebras/", "Authorization", "Bearer " + os.Getenv("CEREBRAS_API_KEY")},
		{"/google/", "/google/", "Authorization", "Bearer " + os.Getenv("GOOGLE_API_KEY")},
		{"/groq/openai/v1/", "/groq/openai/v1/", "Authorization", "Bearer " + os.Getenv("GROQ_API_KEY")},
		{"/groq/v1/", "/groq/openai/v1/", "Authorization", "Bearer " + os.Getenv("GROQ_API_KEY")},
		{"/groq/", "/groq/openai/v1/", "Authorization", "Bearer " + os.Getenv("GROQ_API_KEY")},
		{"/openai/v1/", "/openai/v1/", "Authorization", "Bearer " + os.Getenv("OPENAI_API_KEY")},
		{"/supernova/v1/", "/supernova/", "Authorization", "Bearer " + os.Getenv("SUPERNOVA_API_KEY")},
		{"/xai/v1/", "/xai/v1/", "Authorization", "Bearer " + os.Getenv("XAI_API_KEY")},
	}
	clients = map[string]bool{os.Getenv("AMPMAP_CLIENT_KEY"): true, os.Getenv("AMPMAP_SECOND_KEY"): true, "": false}
)

func find(path string) (to, header, key string, isOpen bool) {
	for _, each := range routes {
		if rest, ok := strings.CutPrefix(path, "/api/provider"+each[0]); ok {
			return each[1] + rest, each[2], each[3], false
		}
	}
	if amp.MatchString(path) {
		return "/amp" + path, "Authorization", "Bearer " + os.Getenv("AMP_API_KEY"), false
	}
	return "/amp" + path, "", "", pages.MatchString(path)
}

func fail(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write([]byte(`{"error":{"type":"` + kind + `","message":"` + http.StatusText(status) + `"}}`))
}

func main() {
	proxy := httputil.ReverseProxy{Transport: &http.Transport{DisableCompression: true}, FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		to, header, key, _ := find(r.In.URL.EscapedPath())
		decoded, _ := url.PathUnescape(to)
		r.Out.Host, r.Out.URL = "", &url.URL{Scheme: "http", Host: os.Getenv("OBSERVER"), Path: decoded, RawPath: to, RawQuery: strings.TrimPrefix(keys.ReplaceAllString(r.In.URL.RawQuery, ""), "&")}
		for _, name := range []string{"Authorization", "X-Api-Key", "X-Goog-Api-Key", "Api-Key", "Cookie"} {
			if name != "Cookie" || !strings.HasPrefix(to, "/amp/") {
				r.Out.Header.Del(name)
			}
		}
		if header != "" {
			r.Out.Header.Set(header, key)
		}
	}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { fail(w, 502, "api_error") }}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, header, _, isOpen := find(r.URL.EscapedPath())
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		isKnown := clients[r.Header.Get("X-Api-Key")] || strings.EqualFold(scheme, "Bearer") && clients[strings.TrimLeft(token, " ")]
		switch {
		case header == "" && !isOpen || dots.MatchString(r.URL.EscapedPath()):
			fail(w, 404, "not_found_error")
		case !isKnown && !isOpen:
			fail(w, 401, "authentication_error")
		default:
			http.NewResponseController(w).EnableFullDuplex() // an answer may begin before the request was read
			proxy.ServeHTTP(w, r)
		}
	})))
}
