package web

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"utkik/internal/call"
	"utkik/internal/store"
)

// original is a document of a call's source as it came.
type original struct{ Link, Name, Sum, Host string }

// originals are the documents that a call was read from, as they stood when it last became another.
func (s *Server) originals(ctx context.Context, f Frame, key call.Key, versions []store.Version) ([]original, error) {
	if len(versions) == 0 {
		return nil, nil
	}
	v := &versions[len(versions)-1]
	kept, err := s.cfg.Store.Originals(ctx, key.Source, v)
	if err != nil {
		return nil, err
	}
	var out []original
	for i, o := range kept {
		_, ending := plainType(o.Type)
		t := &f.T.Sheet
		out = append(out, original{
			Link: f.address("/original/"+key.Path(), url.Values{"version": {strconv.Itoa(v.N)}, "part": {strconv.Itoa(i + 1)}}),
			Name: fmt.Sprintf(t.Original, t.Media[ending], f.T.moment(call.At(o.Fetched.In(call.Brussels())))), Sum: fmt.Sprintf(t.OriginalSum, o.Hash), Host: webHost(o.URL),
		})
	}
	return out, nil
}

// plainType tells as what a document is shown, which is never what its source would have it be: as plain text, or, empty,
// not at all but kept by the reader. And how its file's name ends.
func plainType(source string) (shown, ending string) {
	media, params, err := mime.ParseMediaType(source)
	if err != nil {
		return "", "bin"
	}
	_, sub, _ := strings.Cut(media, "/")
	switch {
	case media == "text/html", media == "application/xhtml+xml":
		ending = "html"
	case sub == "json" || strings.HasSuffix(sub, "+json"):
		ending = "json"
	case sub == "xml" || strings.HasSuffix(sub, "+xml"):
		ending = "xml"
	case media == "text/calendar":
		ending = "ics"
	case strings.HasPrefix(media, "text/"):
		ending = "txt"
	case media == "application/pdf":
		return "", "pdf"
	case strings.Contains(sub, "spreadsheet"), strings.Contains(sub, "excel"):
		return "", "xlsx"
	default:
		return "", "bin"
	}
	charset := strings.ToLower(params["charset"])
	if charset == "" || strings.Trim(charset, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		charset = "utf-8"
	}
	return "text/plain; charset=" + charset, ending
}

// original answers with a kept document byte for byte. It comes from outside: it is plain text or a file, in an origin of its
// own, and nothing in it runs, loads or is guessed at.
func (s *Server) original(w http.ResponseWriter, r *http.Request) {
	o, body, err := s.kept(r)
	if err != nil {
		s.page(func(http.ResponseWriter, *http.Request) (view, error) { return view{}, err })(w, r)
		return
	}
	shown, ending := plainType(o.Type)
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("ETag", `"`+o.Hash+`"`)
	h.Set("Cache-Control", "private, max-age=86400")
	h.Set("Last-Modified", o.Fetched.UTC().Format(http.TimeFormat))
	disposition := "inline"
	if shown == "" {
		shown, disposition = "application/octet-stream", "attachment"
	}
	h.Set("Content-Type", shown)
	h.Set("Content-Disposition", disposition+`; filename="`+fileName(r.PathValue("source")+"-"+path.Base(r.PathValue("ref")))+"."+ending+`"`)
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the reader went away: nothing to do
}

// kept finds the document that is asked for.
func (s *Server) kept(r *http.Request) (store.Original, []byte, error) {
	ctx, key, q := r.Context(), call.Key{Source: r.PathValue("source"), Ref: r.PathValue("ref")}, r.URL.Query()
	n, err := strconv.Atoi(q.Get("version"))
	part, err2 := strconv.Atoi(q.Get("part"))
	if err != nil || err2 != nil {
		return store.Original{}, nil, errNotFound
	}
	versions, err := s.cfg.Store.Versions(ctx, key)
	if err != nil {
		return store.Original{}, nil, err
	}
	if n < 1 || n > len(versions) {
		return store.Original{}, nil, errNotFound
	}
	all, err := s.cfg.Store.Originals(ctx, key.Source, &versions[n-1])
	if err != nil {
		return store.Original{}, nil, err
	}
	if part < 1 || part > len(all) {
		return store.Original{}, nil, errNotFound
	}
	body, err := s.cfg.Store.Body(ctx, all[part-1].Hash)
	return all[part-1], body, err
}

// fileName keeps of a name what every system can write.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, s)
	return s[:min(len(s), 100)]
}
