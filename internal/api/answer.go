package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// etag names an answer by its bytes: the same after a restart, on every machine, and on either database.
func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// held keeps an answer back until it is whole.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

// tagged answers with an ETag, or says that who asks has it already. Answers are some megabytes at the very most, so
// they are made whole first; what is saved is their way.
func tagged(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		next.ServeHTTP(w, r)
		return
	}
	h := &held{ResponseWriter: w}
	next.ServeHTTP(h, r)
	if h.status == 0 {
		h.status = http.StatusOK
	}
	if h.status == http.StatusOK {
		tag := etag(h.body.Bytes())
		w.Header().Set("ETag", tag)
		if among(r.Header.Values("If-None-Match"), tag) {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if h.status >= http.StatusBadRequest {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(h.status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(h.body.Bytes()) // who asked went away: nothing to do
	}
}

// among tells whether a header that lists ETags names this one. Weak ones are the same here: proxies make them so when
// they compress.
func among(lists []string, tag string) bool {
	for _, list := range lists {
		for part := range strings.SplitSeq(list, ",") {
			part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
			if part == tag || part == "*" {
				return true
			}
		}
	}
	return false
}

// encoded is a body as it is sent.
func encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	err := huma.DefaultJSONFormat.Marshal(&b, v)
	return b.Bytes(), err
}
