package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"utkik/index"
	"utkik/internal/account"
	"utkik/internal/store"
)

// Problem is why a request was not answered, as RFC 9457 has it, and how to mend it.
type Problem struct {
	Type   string  `json:"type" doc:"A name for the sort of problem, for programs: it does not change." example:"tag:utkik,2026:problem/unknown-parameter"`
	Title  string  `json:"title" doc:"The sort of problem, for people." example:"Unknown parameter"`
	Status int     `json:"status" doc:"The HTTP status." example:"400"`
	Detail string  `json:"detail" doc:"What was wrong with this request." example:"there is no parameter \"stauts\""`
	Mend   string  `json:"mend" doc:"What to do." example:"write \"status\""`
	Errors []Fault `json:"errors,omitempty" nullable:"false" doc:"Each single mistake, where there may be several."`

	retry time.Duration
}

// Fault is one mistake.
type Fault struct {
	Message  string `json:"message" doc:"What is wrong, and what is wanted."`
	Location string `json:"location" doc:"Where: query.NAME, path.NAME or body.FIELD." example:"query.status"`
}

// problemType begins the names of problems: a tag (RFC 4151), since they are names and lead nowhere.
const problemType = "tag:utkik,2026:problem/"

var errUnlisted = errors.New("an operation that stands in no table")

// Error makes a problem an error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are those that go with it.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retry.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="utkik"`)
	}
	return h
}

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func (p *Problem) write(w http.ResponseWriter) {
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // who asked went away: nothing to do
}

func problemOf(status int, name, title, detail, mend string) *Problem {
	return &Problem{Type: problemType + name, Title: title, Status: status, Detail: detail, Mend: mend}
}

// see is where everything is described.
const see = "see /api, or /api/v1/openapi.json for programs"

func signIn(role account.Role) *Problem {
	return problemOf(http.StatusUnauthorized, "sign-in", "Not signed in",
		"this needs the role "+role.String()+", and nobody is known who asks",
		"send a key in the header Authorization: Bearer utk_…; whoever runs this service gives one with `utkik keys add`")
}

func notAllowed(role, has account.Role) *Problem {
	return problemOf(http.StatusForbidden, "not-allowed", "Not allowed",
		fmt.Sprintf("this needs the role %s, and yours is %s", role, has),
		"ask whoever runs this service for a key with that role")
}

func tooMany(wait time.Duration) *Problem {
	p := problemOf(http.StatusTooManyRequests, "too-many", "Too many requests", "more was asked than one may ask at a time",
		fmt.Sprintf("wait %d s, then ask on, and slower; where you repeat yourself, send If-None-Match with the "+
			"ETag that you have", int(math.Ceil(wait.Seconds()))))
	p.retry = wait
	return p
}

func noMethod(method string, methods []string) *Problem {
	return problemOf(http.StatusMethodNotAllowed, "method", "Wrong method", fmt.Sprintf("%s is not what this address is for",
		method), "use "+strings.Join(methods, ", ")+"; "+see)
}

func noAddress(path, near string) *Problem {
	mend := see
	if near != "" {
		mend = "did you mean " + near + "? " + mend
	}
	return problemOf(http.StatusNotFound, "no-address", "No such address", fmt.Sprintf("there is nothing at %q", short(path)), mend)
}

func notFound(what, mend string) *Problem {
	return problemOf(http.StatusNotFound, "not-found", "Not found", "there is no "+what, mend)
}

// invalid says what is wrong with values, all of it at once; nil when nothing is.
func invalid(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	p := problemOf(http.StatusUnprocessableEntity, "invalid", "Value not fit", "", "mend what is listed; "+see)
	var all []string
	for _, f := range faults {
		all = append(all, f.Location+": "+f.Message)
	}
	p.Detail, p.Errors = strings.Join(all, "; "), faults
	return p
}

// toProblem words what the library found wrong as everything else is worded.
func toProblem(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	var faults []Fault
	for _, e := range m.Errors {
		faults = append(faults, Fault{e.Message, e.Location})
	}
	if len(faults) > 0 {
		p := invalid(faults).(*Problem)
		p.Status = m.Status
		return p, nil
	}
	switch m.Status {
	case http.StatusRequestEntityTooLarge:
		return problemOf(m.Status, "too-large", "Too large", fmt.Sprintf("the body is larger than %d bytes", maxBody),
			"send less at a time"), nil
	case http.StatusUnsupportedMediaType:
		return problemOf(m.Status, "media-type", "Not JSON", cmp.Or(m.Detail, "the body is of a type that is not known"),
			"send JSON, with Content-Type: application/json"), nil
	}
	return problemOf(m.Status, "request", cmp.Or(http.StatusText(m.Status), "Error"), cmp.Or(m.Detail,
		"the request cannot be read"), see), nil
}

// problem is what a program is told of an error. What lies with us is told to the log, not to who asks.
func (s *Server) problem(ctx context.Context, op *operation, err error) *Problem {
	var p *Problem
	var wrong *index.QueryError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &wrong):
		return problemOf(http.StatusBadRequest, "query", "Query not understood", err.Error(),
			"the query language: doc/query.md, or the hint under the search box")
	case errors.Is(err, store.ErrNotFound):
		return notFound("such row", "it may have been removed meanwhile; list what there is")
	case errors.Is(err, context.DeadlineExceeded):
		q := problemOf(http.StatusServiceUnavailable, "slow", "Took too long", fmt.Sprintf("no answer within %s", answerTime),
			"ask for less at a time, or try again in a minute")
		q.retry = time.Minute
		return q
	case errors.Is(err, context.Canceled): // who asked went away, nobody reads this
	default:
		id := ""
		if op != nil {
			id = op.id
		}
		s.cfg.Log.ErrorContext(ctx, "api failed", "url", id, "err", err)
	}
	return problemOf(http.StatusInternalServerError, "ours", "Our mistake",
		"something went wrong here; the request may well be right",
		"try again in a while; the service's log tells its operator what happened")
}

// short cuts what somebody typed to what a message can hold.
func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}
