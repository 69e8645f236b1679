// Package web is the page for colleagues who do not read mails: find an open call, see what it asks, when it closes,
// what changed and why it concerns us. Server-rendered, whole without script, nothing from other hosts; Swedish first.
package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"utkik/index"
	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/store"
)

//go:embed templates/*.html static/* locale/*.json
var files embed.FS

// maxRows is how many calls a calendar page holds: what more there is, a narrower choice shows.
const maxRows = 600

// searchTime bounds one search.
const searchTime = 2 * time.Second

// Config is what the pages are made of.
type Config struct {
	Plan    *plan.Plan
	Store   *store.Store
	Index   *index.Index
	Sources []Source
	BaseURL string       // under which readers reach the pages; empty: as each asks for them
	Root    string       // path of BaseURL, such as /o/skogsby, which is taken off before a page is asked for
	Anyone  account.Role // what somebody unknown may do: Reader where the pages are open, Nobody where readers sign in
	SignIn  bool         // whether somebody can sign in
	Now     func() time.Time
	Log     *slog.Logger

	Contact string // mail or web address for questions; empty: none is named
	Keeps   Keeps
	API     string // address of the page about the interface for programs; empty: there is none

	// Standing tells how a source stands, or every source when none is named; nothing of one that is not known.
	Standing func(ctx context.Context, id string) ([]Standing, error)
}

// Source is a source as readers know it.
type Source struct{ ID, Name, NameEN string }

// Server answers requests for pages.
type Server struct {
	cfg    Config
	texts  map[string]*texts
	pages  map[string]*template.Template
	style  string   // address of the style sheet, which names its content
	script string   // likewise
	terms  []string // of the plan, to suggest
	rows   int      // calls that a calendar page holds at most
	mux    *http.ServeMux
	list   []Route

	exporting chan struct{} // holds one for each export that is being written
}

// Route is one address of the pages and who may ask for it. Whoever checks that nothing stands open walks through all of
// them.
type Route struct {
	Pattern string       // as http.ServeMux writes it
	Role    account.Role // the least that is asked for; Nobody: open to all, since what is shown is no secret or the address is the key
}

// New makes the server. Its templates and texts are part of the program; an error here is a mistake in them.
func New(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, texts: map[string]*texts{}, pages: map[string]*template.Template{}, exporting: make(chan struct{}, exportsOnce), mux: http.NewServeMux(), rows: maxRows}
	for _, lang := range languages {
		t, err := readTexts(lang)
		if err != nil {
			return nil, err
		}
		s.texts[lang] = t
	}
	for page, parts := range map[string][]string{"search": nil, "save": nil, "call": {"line"}, "deadlines": nil, "plan": {"spark"}, "priority": {"spark"}, "sources": nil, "source": nil, "digests": nil, "digest": nil, "about": nil, "act": nil, "feeds": nil, "message": nil, "sheet": nil} {
		names := []string{"templates/layout.html", "templates/" + page + ".html"}
		for _, part := range parts {
			names = append(names, "templates/"+part+".html")
		}
		t, err := template.New("layout.html").ParseFS(files, names...)
		if err != nil {
			return nil, fmt.Errorf("web: %v", err)
		}
		s.pages[page] = t
	}
	for name, address := range map[string]*string{"style.css": &s.style, "utkik.js": &s.script} {
		content, err := files.ReadFile("static/" + name)
		if err != nil {
			return nil, fmt.Errorf("web: %v", err)
		}
		sum := sha256.Sum256(content)
		*address = cfg.Root + "/static/" + name + "?v=" + hex.EncodeToString(sum[:6])
	}
	s.terms = planTerms(cfg.Plan)
	s.routes()
	return s, nil
}

// routes lists every address and who may ask for it.
func (s *Server) routes() {
	s.handle("GET /{$}", account.Reader, s.page(s.search))
	s.handle("GET /suggest", account.Reader, s.suggest)
	s.handle("GET /export/{file}", account.Reader, s.export)
	s.handle("GET /save", account.Reader, s.page(s.saving))
	s.handle("POST /save", account.Editor, s.save)
	s.handle("POST /save/own", account.Reader, s.save) // for a recipient at the reader's own address, which it asks about itself
	s.handle("GET /call/{source}/{ref...}", account.Reader, s.page(s.call))
	s.handle("GET /original/{source}/{ref...}", account.Reader, s.original)
	s.handle("POST /decide/{source}/{ref...}", account.Editor, s.decide)
	s.handle("GET /deadlines", account.Reader, s.page(s.deadlines))
	s.handle("GET /plan", account.Reader, s.page(s.plan))
	s.handle("GET /plan/{id}", account.Reader, s.page(s.priority))
	s.handle("GET /sources", account.Reader, s.page(s.sources))
	s.handle("GET /sources/{id}", account.Reader, s.page(s.source))
	s.handle("GET /digests", account.Reader, s.page(s.digests))
	s.handle("GET /digests/department/{id}/{date}", account.Reader, s.page(s.departmentDigest))
	s.handle("GET /digests/mail/{recipient}/{period}", account.Reader, s.page(s.mail))
	s.handle("GET /about", account.Nobody, s.page(s.about)) // whoever is asked to sign in may know where
	s.handle("GET /feeds", account.Reader, s.page(s.feeds))
	s.handle("GET /feeds/{file}", account.Reader, s.feed(s.searchFeed))
	s.handle("GET /feeds/priority/{file}", account.Reader, s.feed(s.priorityFeed))
	s.handle("GET /feeds/private/{file}", account.Nobody, s.feed(s.privateFeed)) // the name is the key: feed readers have no other
	s.handle("GET /calendar/{source}/{ref...}", account.Nobody, s.callCalendar)  // calendars ask again by themselves
	s.handle("GET /act/{token}", account.Nobody, s.page(s.act))
	s.handle("POST /act/{token}", account.Nobody, s.perform) // needs no other key than its token: mail programs press it for their readers
	for _, name := range []string{"style.css", "utkik.js", "icon.svg"} {
		s.handle("GET /static/"+name, account.Nobody, cached(http.FileServerFS(files)))
	}
	s.handle("/", account.Nobody, s.page(func(http.ResponseWriter, *http.Request) (view, error) { return view{}, errNotFound }))
}

// handle adds an address, which answers those only who may ask for it.
func (s *Server) handle(pattern string, role account.Role, h http.HandlerFunc) {
	s.list = append(s.list, Route{pattern, role})
	refuse := s.page(func(http.ResponseWriter, *http.Request) (view, error) { return view{}, errNotAllowed })
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if !s.actor(r).May(role) {
			refuse(w, r)
			return
		}
		h(w, r)
	})
}

// actor is who asks.
func (s *Server) actor(r *http.Request) account.Actor {
	a := account.From(r.Context())
	a.Role = max(a.Role, s.cfg.Anyone)
	return a
}

// Routes lists every address.
func (s *Server) Routes() []Route { return slices.Clone(s.list) }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.head(w.Header())
	s.mux.ServeHTTP(w, r)
}

// Sheet is a page whose content another room made, in the frame of the pages.
type Sheet struct {
	Title  string
	Status int // 0 for 200
	Body   template.HTML
}

type sheetPage struct {
	Frame
	Body template.HTML
}

// Show answers with a sheet.
func (s *Server) Show(w http.ResponseWriter, r *http.Request, sheet Sheet) {
	s.head(w.Header())
	s.page(func(http.ResponseWriter, *http.Request) (view, error) {
		f := s.frame(r)
		f.Title = f.titled(sheet.Title)
		return view{"sheet", sheetPage{f, sheet.Body}, sheet.Status}, nil
	})(w, r)
}

// head sets what every answer says about itself.
func (s *Server) head(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func cached(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=86400") // the style sheet's address changes with its content
		next.ServeHTTP(w, r)
	}
}

var (
	errNotFound      = errors.New("no such page")
	errNotAllowed    = errors.New("not for whoever asks")
	errNotUnderstood = errors.New("a form that is none of ours")
)

// view is a page to render: which template, which data, and the HTTP status, 0 for 200.
type view struct {
	page   string
	data   any
	status int
}

// page turns what a handler decides into an answer. Pages are rendered whole before a byte is sent.
func (s *Server) page(decide func(http.ResponseWriter, *http.Request) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := decide(w, r)
		if err != nil {
			v = s.problem(r, err)
		}
		var b bytes.Buffer
		if err := s.pages[v.page].Execute(&b, v.data); err != nil {
			s.cfg.Log.ErrorContext(r.Context(), "page not rendered", "route", r.Pattern, "err", err)
			http.Error(w, s.texts[s.lang(r)].ProblemOurs, http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if w.Header().Get("Cache-Control") == "" { // another room may have said more
			w.Header().Set("Cache-Control", "private, no-cache") // statuses and days left are of this moment, and a page names who reads it
		}
		w.WriteHeader(cmp.Or(v.status, http.StatusOK))
		_, _ = w.Write(b.Bytes()) // the reader went away: nothing to do
	}
}

// messagePage says why there is nothing else to see.
type messagePage struct {
	Frame
	Text string
	Must bool // sign in, before there is anything to see
}

func (s *Server) problem(r *http.Request, err error) view {
	f := s.frame(r)
	status, text := http.StatusInternalServerError, f.T.ProblemOurs
	switch {
	case errors.Is(err, errNotFound), errors.Is(err, store.ErrNotFound):
		status, text = http.StatusNotFound, f.T.ProblemNotFound
	case errors.Is(err, errNotUnderstood):
		status, text = http.StatusBadRequest, f.T.ProblemForm
	case errors.Is(err, errNotAllowed):
		status, text = http.StatusForbidden, f.T.ProblemDenied
		if s.actor(r).ID == "" {
			status, text = http.StatusUnauthorized, f.T.ProblemSignIn
		}
	case errors.Is(err, context.DeadlineExceeded):
		status, text = http.StatusServiceUnavailable, f.T.ProblemSlow
	case errors.Is(err, context.Canceled): // the reader went away, nobody reads this
	default:
		s.cfg.Log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "err", err)
	}
	f.Title = f.T.ProblemTitle
	must := status == http.StatusUnauthorized && f.SignIn != ""
	if must {
		f.Title = f.T.Door.SignIn
	}
	return view{"message", messagePage{Frame: f, Text: text, Must: must}, status}
}

// results gives how a call was matched, best first, included ones only.
func (s *Server) results(ctx context.Context, key call.Key) ([]match.Result, error) {
	all, err := s.cfg.Store.Matches(ctx, s.cfg.Plan.ID, key)
	return included(all), err
}

// resultsOf gives the same for many calls.
func (s *Server) resultsOf(ctx context.Context, keys []call.Key) (map[call.Key][]match.Result, error) {
	all, err := s.cfg.Store.MatchesAmong(ctx, s.cfg.Plan.ID, keys)
	for key, results := range all {
		all[key] = included(results)
	}
	return all, err
}

func included(all []match.Result) []match.Result {
	return slices.DeleteFunc(all, func(r match.Result) bool { return !r.Included })
}
