// Package api is the interface for programs: everything that the pages show, as JSON under /api/v1, described by an
// OpenAPI document and by a page of its own at /api. Names of a call's fields are those of the exchange format.
//
// Three promises shape it. Nothing is lost between two questions: whoever follows the change log goes on at a cursor that
// names the row it stands on, and is told when that row is not there any more. Nothing is ignored: a parameter that does
// not exist is an error that names the nearest one, and so is a value that no row can have. Nothing is sent twice for
// nothing: every answer has an ETag made of its bytes, the same after a restart and on every machine.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"utkik/index"
	"utkik/internal/account"
	"utkik/internal/plan"
	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/text"
)

// Prefix is where the operations stand. A change that breaks a program that keeps to the description is made under another.
const Prefix = "/api/v1"

// answerTime bounds one answer.
const answerTime = 10 * time.Second

// maxBody bounds what is sent to us, in bytes.
const maxBody = 64 << 10

// Config is what the interface is made of.
type Config struct {
	Plan      func() *plan.Plan // the one in force
	Store     *store.Store
	Index     *index.Index
	Sources   func(context.Context) ([]Source, error)        // how they stand, by id
	SourceIDs []string                                       // of those that are watched
	Show      func(http.ResponseWriter, *http.Request, Page) // shows a page in the frame of the others
	Save      func(ctx context.Context, r subscription.Recipient, fresh bool) error
	Unseen    string       // kind of the mails that are not told of: links to sign in by are between their reader and the door
	BaseURL   string       // under which readers reach the pages; empty: addresses of ours are given without a host
	Root      string       // path of BaseURL, such as /o/skogsby, which is taken off before the interface is asked
	Anyone    account.Role // what somebody unknown may do
	Limiter   *Limiter     // nil: nobody is slowed down
	Now       func() time.Time
	Log       *slog.Logger
}

// Route is one address and who may ask for it.
type Route struct {
	Pattern string       // as http.ServeMux writes it
	Role    account.Role // the least that is asked for; Nobody: open to all
}

// Server answers under /api.
type Server struct {
	cfg   Config
	mux   *http.ServeMux
	huma  huma.API
	ops   []*operation
	spec  []byte // the description, as it is served
	page  *page
	extra []Route // what is served beside operations
}

// operation is one line of the table of operations.
type operation struct {
	method  string
	path    string // under Prefix; {ref} at its end may hold slashes
	role    account.Role
	id      string
	tag     string
	summary string
	about   string // more than the summary says
	example string // path and query of a call that answers with the example under examples/
	body    string // what it sends, JSON
	forever bool   // what it answers never changes
	status  int    // of a good answer; 0: 200
}

// New makes the server. Operations, texts and examples are part of the program: an error here is a mistake in them.
func New(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, mux: http.NewServeMux()}
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:    "3.1.0",
			Info:       info(),
			Servers:    []*huma.Server{{URL: s.cfg.Root + Prefix}},
			Components: &huma.Components{Schemas: huma.NewMapRegistry(schemaPrefix, schemaName), SecuritySchemes: security()},
			Tags:       tags(),
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{toProblem},
	}
	config.AllowAdditionalPropertiesByDefault = true // of answers: a program must not break when they grow
	s.huma = humago.NewWithPrefix(wholeRefs{s.mux}, Prefix, config)
	s.huma.UseMiddleware(s.admit, s.checkQuery)
	s.operations()
	if err := s.describe(); err != nil {
		return nil, err
	}
	if err := s.document(); err != nil {
		return nil, err
	}
	s.mux.HandleFunc("/", s.nowhere)
	return s, nil
}

// operations is the table: every operation, and the role that it asks for.
func (s *Server) operations() {
	const read, edit = account.Reader, account.Editor
	add(s, operation{method: get, path: "/search", role: read, id: "search", tag: "calls",
		summary: "Search calls and consultations",
		about: "The query language is that of the search page. Without `q` everything is found that the filters let " +
			"through. Values of one filter are alternatives; filters are joined by AND.",
		example: "/search?q=rail&status=open&facet=kind&limit=2"}, s.search)
	add(s, operation{method: get, path: "/calls", role: read, id: "list-calls", tag: "calls",
		summary: "Every call, for a copy of your own",
		about: "In the order of source and ref, those that left their source among them. Begin here, page to the end, then " +
			"follow `changes` from the cursor that every page carries: " +
			"it stands where the log stood when the first page was read, so nothing falls between.",
		example: "/calls?source=cinea&limit=1"}, s.listCalls)
	add(s, operation{method: get, path: "/calls/{source}/{ref}", role: read, id: "get-call", tag: "calls",
		summary: "One call, whole",
		about: "With what other sources publish of it, what it is a part of, and why it matches which priority. A ref may " +
			"hold slashes, as they are or as %2F.",
		example: "/calls/ft-portal/RAIL-1"}, s.getCall)
	add(s, operation{method: get, path: "/versions/{source}/{ref}", role: read, id: "list-versions", tag: "history",
		summary: "The versions of a call",
		example: "/versions/ft-portal/RAIL-1"}, s.listVersions)
	add(s, operation{method: get, path: "/version/{source}/{ref}", role: read, id: "get-version", tag: "history",
		summary: "One version of a call", forever: true,
		about: "What a version says never changes.", example: "/version/ft-portal/RAIL-1?number=1"}, s.getVersion)
	add(s, operation{method: get, path: "/diff/{source}/{ref}", role: read, id: "diff-versions", tag: "history",
		summary: "What differs between two versions", forever: true,
		about: "Field by field; the text also word by word.", example: "/diff/ft-portal/RAIL-1?from=1&to=2"}, s.diffVersions)
	add(s, operation{method: get, path: "/changes", role: read, id: "list-changes", tag: "history",
		summary: "The change log since a cursor",
		about: "In the order in which changes were seen, none left out and none twice. `next` is always there: while `more` " +
			"is true ask on at once, else come back later. " +
			"A row that was given never changes. If the log was set back (a store restored from a backup) the cursor answers 410 " +
			"instead of leaving rows out.",
		example: "/changes?source=ft-portal&event=deadlines&limit=2"}, s.listChanges)
	add(s, operation{method: get, path: "/matches", role: read, id: "list-matches", tag: "plan",
		summary: "Calls that concern the plan, with the reasons",
		about:   "Each reason holds a sentence of the plan beside a sentence of the call. Only matches that a digest would carry.",
		example: "/matches?priority=miljo&status=open&limit=1"}, s.listMatches)
	add(s, operation{method: get, path: "/matches/{source}/{ref}", role: read, id: "get-matches", tag: "plan",
		summary: "How one call stands to every priority",
		about:   "Those that no digest carries are among them, with what spoke against.", example: "/matches/ft-portal/RAIL-1"},
		s.getMatches)
	add(s, operation{method: get, path: "/priorities", role: read, id: "list-priorities", tag: "plan",
		summary: "The plan's priorities, with how many calls concern each",
		example: "/priorities"}, s.listPriorities)
	add(s, operation{method: get, path: "/sources", role: read, id: "list-sources", tag: "sources",
		summary: "The sources and how they stand",
		about:   "What is not found in a source that is late or broken may exist all the same.", example: "/sources"}, s.listSources)
	add(s, operation{method: get, path: "/sources/{source}", role: read, id: "get-source", tag: "sources",
		summary: "One source", example: "/sources/ft-portal"}, s.getSource)
	add(s, operation{method: get, path: "/runs", role: read, id: "list-runs", tag: "sources",
		summary: "When sources were read, and what came of it",
		about:   "The latest first.", example: "/runs?source=ft-portal&limit=1"}, s.listRuns)
	add(s, operation{method: get, path: "/digests", role: edit, id: "list-digests", tag: "mail",
		summary: "What was sent to whom", about: "The latest first.",
		example: "/digests?limit=1"}, s.listDigests)
	add(s, operation{method: get, path: "/digests/{recipient}/{period}", role: edit, id: "get-digest", tag: "mail",
		summary: "One mail, as it was written",
		example: "/digests/kultur/2026-07-27"}, s.getDigest)
	add(s, operation{method: get, path: "/recipients", role: edit, id: "list-recipients", tag: "mail",
		summary: "Who is told of what",
		example: "/recipients?limit=1"}, s.listRecipients)
	add(s, operation{method: post, path: "/recipients", role: edit, id: "create-recipient", tag: "mail",
		summary: "Add a recipient", status: http.StatusCreated,
		about:   "It is told what happens from the day on which it is added. 409 if there is one of that id.",
		example: "/recipients", body: exampleRecipient}, s.createRecipient)
	add(s, operation{method: get, path: "/recipients/{id}", role: edit, id: "get-recipient", tag: "mail",
		summary: "One recipient, with its subscriptions",
		example: "/recipients/kultur"}, s.getRecipient)
	add(s, operation{method: put, path: "/recipients/{id}", role: edit, id: "replace-recipient", tag: "mail",
		summary: "Change a recipient and its subscriptions",
		about: "The body takes the place of what was there; how far the recipient has been told stays. With If-Match, the " +
			"ETag of what you read, nobody else's change is overwritten.",
		example: "/recipients/bygg", body: exampleRecipient}, s.replaceRecipient)
	add(s, operation{method: post, path: "/recipients/{id}/subscriptions", role: edit, id: "add-subscription", tag: "mail",
		summary: "Add a subscription to a recipient", status: http.StatusCreated,
		about:   "After what it follows already; whoever adds or changes at the same time loses nothing. Sending the same again changes nothing.",
		example: "/recipients/bygg/subscriptions", body: `{"name": "kultur", "priorities": ["kultur"]}`}, s.addSubscription)
	add(s, operation{method: del, path: "/recipients/{id}/subscriptions", role: edit, id: "remove-subscription", tag: "mail",
		summary: "Remove a subscription of a recipient",
		about:   "By the name that it has; one without a name is taken away by changing the recipient. The last stays: remove the recipient.",
		example: "/recipients/bygg/subscriptions?name=kultur"}, s.removeSubscription)
	add(s, operation{method: del, path: "/recipients/{id}", role: edit, id: "delete-recipient", tag: "mail",
		summary: "Remove a recipient and its subscriptions", status: http.StatusNoContent,
		about: "What it was sent stays. Knows If-Match.", example: "/recipients/bygg"}, s.deleteRecipient)
	add(s, operation{method: get, path: "/decisions", role: edit, id: "list-decisions", tag: "plan",
		summary: "What was decided about calls",
		about:   "Those in force; with source and ref every decision about that call, oldest first.",
		example: "/decisions?limit=1"}, s.listDecisions)
	add(s, operation{method: post, path: "/decisions", role: edit, id: "create-decision", tag: "plan",
		summary: "Decide about a call", status: http.StatusCreated,
		about: "For a department or for a recipient. A later decision takes the place of an earlier one; `none` takes it " +
			"back. Sending the same again changes nothing.",
		example: "/decisions", body: `{"source": "ft-portal", "ref": "RAIL-1", "department": "kultur", "decision": "act"}`},
		s.createDecision)
}

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

// add registers an operation. What its function returns as an error becomes a problem that a program can read.
func add[I, O any](s *Server, op operation, answer func(context.Context, *I) (*O, error)) {
	s.ops = append(s.ops, &op)
	huma.Register(s.huma, s.humaOperation(&op), func(ctx context.Context, in *I) (*O, error) {
		ctx, cancel := context.WithTimeout(ctx, answerTime)
		defer cancel()
		out, err := answer(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, &op, err)
		}
		return out, nil
	})
}

// Routes lists every address.
func (s *Server) Routes() []Route {
	var out []Route
	for _, op := range s.ops {
		out = append(out, Route{op.method + " " + Prefix + wholeRef(op.path), op.role})
	}
	return append(out, s.extra...)
}

// handle adds an address that is no operation.
func (s *Server) handle(pattern string, role account.Role, h http.HandlerFunc) {
	s.extra = append(s.extra, Route{pattern, role})
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if p := s.refused(r.Context(), role); p != nil {
			p.write(w)
			return
		}
		h(w, r)
	})
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	if p := s.paced(r); p != nil {
		p.write(w)
		return
	}
	tagged(s.mux, w, r)
}

// paced says that whoever asks has to wait; nil when they need not.
func (s *Server) paced(r *http.Request) *Problem {
	if s.cfg.Limiter == nil {
		return nil
	}
	if wait := s.cfg.Limiter.Wait(s.who(r)); wait > 0 {
		return tooMany(wait)
	}
	return nil
}

// Guard lets a handler beside the interface answer under the same rules: for a role, and at the same pace.
func (s *Server) Guard(role account.Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := s.refused(r.Context(), role)
		if p == nil {
			p = s.paced(r)
		}
		if p != nil {
			p.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// who is slowed down when too much is asked: somebody known, else an address.
func (s *Server) who(r *http.Request) string {
	if a := account.From(r.Context()); a.ID != "" {
		return "actor:" + a.ID
	}
	return "address:" + network(r)
}

// audited is a context in which the next write is kept in the audit log, with who asked for it.
func audited(ctx context.Context, what, on, detail string) context.Context {
	return store.Audited(ctx, store.Entry{Who: account.From(ctx).ID, Way: store.WayAPI, What: what, On: on, Detail: detail})
}

// refused says why whoever asks may not; nil when they may.
func (s *Server) refused(ctx context.Context, role account.Role) *Problem {
	a := account.From(ctx)
	a.Role = max(a.Role, s.cfg.Anyone)
	switch {
	case a.May(role):
		return nil
	case a.ID == "":
		return signIn(role)
	}
	return notAllowed(role, a.Role)
}

// admit lets through who may ask for an operation.
func (s *Server) admit(c huma.Context, next func(huma.Context)) {
	i := slices.IndexFunc(s.ops, func(op *operation) bool { return op.id == c.Operation().OperationID })
	if i < 0 { // unreachable: add is the only way to register
		s.write(c, s.problem(c.Context(), nil, errUnlisted))
		return
	}
	if p := s.refused(c.Context(), s.ops[i].role); p != nil {
		s.write(c, p)
		return
	}
	cache := "private, no-cache" // statuses are of this moment: ask whether it still is so
	switch {
	case s.ops[i].method != get:
		cache = "no-store"
	case s.ops[i].forever:
		cache = "private, max-age=31536000, immutable"
	}
	c.SetHeader("Cache-Control", cache)
	next(c)
}

func (s *Server) write(c huma.Context, p *Problem) {
	_, w := humago.Unwrap(c)
	p.write(w)
}

// wholeRefs lets a ref at the end of a path hold slashes.
type wholeRefs struct{ *http.ServeMux }

func (m wholeRefs) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	m.ServeMux.HandleFunc(wholeRef(pattern), h)
}

func wholeRef(pattern string) string {
	if before, ok := strings.CutSuffix(pattern, "/{ref}"); ok {
		return before + "/{ref...}"
	}
	return pattern
}

// nowhere answers what nothing else does: it says which address was meant, or which methods it knows.
func (s *Server) nowhere(w http.ResponseWriter, r *http.Request) {
	var methods, known []string
	for _, route := range s.Routes() {
		method, pattern, _ := strings.Cut(route.Pattern, " ")
		if fitsPattern(pattern, r.URL.EscapedPath()) && !slices.Contains(methods, method) {
			methods = append(methods, method)
		}
		known = append(known, strings.ReplaceAll(pattern, "...", ""))
	}
	if len(methods) > 0 {
		slices.Sort(methods)
		w.Header().Set("Allow", strings.Join(methods, ", "))
		noMethod(r.Method, methods).write(w)
		return
	}
	noAddress(r.URL.Path, text.Nearest(short(r.URL.Path), known)).write(w)
}

// fitsPattern tells whether a path, escaped, is one of a pattern's.
func fitsPattern(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, w := range want {
		switch {
		case strings.HasSuffix(w, "...}"):
			return i < len(have) && have[i] != ""
		case i >= len(have):
			return false
		case strings.HasPrefix(w, "{"):
			if have[i] == "" {
				return false
			}
		case w != have[i]:
			return false
		}
	}
	return len(want) == len(have)
}
