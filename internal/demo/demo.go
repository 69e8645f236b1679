// Package demo is two sample portals in one process, for `utkik demo` and for tests: the EU Funding & Tenders Portal
// and Have Your Say, on two days, in the formats and with the habits of the real ones. It stands outside the program,
// as real portals do: nothing here knows who asks.
//
//	POST /search-api/prod/rest/search   the search, with multipart parts query, languages, sort, displayFields
//	POST /search-api/prod/rest/facet    the labels of codes
//	GET  /info/funding-tenders/opportunities/data/topicDetails/<identifier in lower case>.json
//	GET  /info/law/better-regulation/brpapi/searchInitiatives
//	GET  /info/law/better-regulation/brpapi/groupInitiatives/<number>
//	GET  /robots.txt
//
// What they publish is samples.yaml.
package demo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Portal serves both portals on one host. It is an [http.Handler], safe for use by several at a time.
type Portal struct {
	days []edition
	day  atomic.Int32
	mux  http.ServeMux
}

// edition is what the portals publish on one day.
type edition struct {
	rows          []row
	topics        []item
	consultations []consultation
	labels        map[string]map[string]string // field, code, label
}

// Days gives the days that the portals know, each at the hour at which a lookout would look, in UTC.
func (p *Portal) Days() []time.Time {
	return []time.Time{
		time.Date(2026, time.May, 12, 6, 0, 0, 0, time.UTC),
		time.Date(2026, time.May, 13, 6, 0, 0, 0, time.UTC),
	}
}

// New gives the portals on their first day.
func New() *Portal {
	s, err := readSamples(samplesFile)
	if err != nil {
		panic(err) // unreachable: the file is part of the program, and a test reads it
	}
	p := &Portal{}
	for day := range p.Days() {
		e := edition{topics: on(s.Topics, day), labels: map[string]map[string]string{"frameworkProgramme": {}, "programmeDivision": s.Divisions}}
		for _, c := range s.Programmes {
			e.labels["frameworkProgramme"][c.Code] = c.Label
		}
		e.rows = rows(s, day)
		for _, c := range s.Consultations {
			if max(c.From, 1) <= day+1 {
				e.consultations = append(e.consultations, c)
			}
		}
		p.days = append(p.days, e)
	}
	p.mux.HandleFunc("/search-api/prod/rest/search", p.search)
	p.mux.HandleFunc("/search-api/prod/rest/facet", p.facet)
	p.mux.HandleFunc("GET /info/funding-tenders/opportunities/data/topicDetails/{file}", p.topicFile)
	p.mux.HandleFunc("GET /info/funding-tenders/opportunities/portal/assets/openid-login-config.json", config)
	p.mux.HandleFunc("GET /info/law/better-regulation/brpapi/searchInitiatives", p.initiatives)
	p.mux.HandleFunc("GET /info/law/better-regulation/brpapi/groupInitiatives/{id}", p.initiative)
	p.mux.HandleFunc("GET /info/law/better-regulation/", shell)
	p.mux.HandleFunc("GET /robots.txt", robots)
	p.mux.HandleFunc("/", notFound)
	return p
}

// SetDay turns to a day, by its place in Days: 0 is the first. What lies before the first or after the last is the
// first or the last.
func (p *Portal) SetDay(n int) {
	p.day.Store(int32(min(max(n, 0), len(p.days)-1)))
}

// ServeHTTP answers as the portals do.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

func (p *Portal) today() *edition { return &p.days[p.day.Load()] }

// answer writes JSON. To a GET it gives an ETag, and nothing but 304 to who has the same already.
func answer(w http.ResponseWriter, r *http.Request, status int, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError) // unreachable: all that is answered can be written as JSON
		return
	}
	write(w, r, status, "application/json", b.Bytes())
}

func write(w http.ResponseWriter, r *http.Request, status int, media string, body []byte) {
	if r.Method == http.MethodGet && status == http.StatusOK {
		sum := sha256.Sum256(body)
		tag := `"` + hex.EncodeToString(sum[:8]) + `"`
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked has gone; there is nobody to tell
}

func robots(w http.ResponseWriter, r *http.Request) {
	write(w, r, http.StatusOK, "text/plain", []byte("User-agent: *\nDisallow: /info/private/\nCrawl-delay: 0\n"))
}

// shell is what Have Your Say answers to addresses that it does not have: its application, without a word in it.
func shell(w http.ResponseWriter, r *http.Request) {
	write(w, r, http.StatusOK, "text/html; charset=utf-8", []byte("<!doctype html><html><head><title>Have your say</title></head><body><app-root></app-root></body></html>\n"))
}

func notFound(w http.ResponseWriter, r *http.Request) {
	answer(w, r, http.StatusNotFound, map[string]string{"error": "Not Found"})
}

// config names the addresses of the search, as the portal's own pages read them.
func config(w http.ResponseWriter, r *http.Request) {
	base := "http://" + r.Host + "/search-api/prod/rest/"
	answer(w, r, http.StatusOK, map[string]any{"modules": map[string]any{"sedia": map[string]string{
		"corporateSearchUrl": base + "search?apiKey=", "facetUrl": base + "facet?apiKey=", "corporateSearchApiKey": "SEDIA",
	}}})
}

// asHTML gives a text as the portals write it: a paragraph each, lists, and headings as the portal marks them.
func asHTML(s string) string {
	var b strings.Builder
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	for _, part := range strings.Split(strings.TrimSpace(s), "\n\n") {
		part = strings.TrimSpace(part)
		switch {
		case part == "":
		case strings.HasSuffix(part, ":") && !strings.Contains(part, ". ") && len(part) < 60:
			b.WriteString(`<p class="topicdescriptionkind">` + escape(part) + "</p>")
		case strings.HasPrefix(part, "- "):
			b.WriteString("<ul>")
			for line := range strings.Lines(part) {
				b.WriteString("<li>" + escape(strings.TrimPrefix(strings.TrimSpace(line), "- ")) + "</li>")
			}
			b.WriteString("</ul>")
		default:
			b.WriteString("<p>" + escape(part) + "</p>")
		}
	}
	return b.String()
}
