// Package trace names a piece of work, such as a request, a job or a crawl, so that every line that is logged on its way
// tells which it belongs to. It is vocabulary: whoever begins the work names it, everybody else only hands the context on.
package trace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"regexp"
	"sync/atomic"
)

// Key is the name under which logged lines have it.
const Key = "trace"

type key struct{}

// With hands a name on.
func With(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, key{}, name)
}

// From gives the name of the work that goes on, empty where nobody named it.
func From(ctx context.Context) string {
	name, _ := ctx.Value(key{}).(string)
	return name
}

var fit = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)

// Fit tells whether a name from outside, such as a proxy's X-Request-ID, can be taken over: it goes into lines that
// programs read, and into rows.
func Fit(name string) bool { return fit.MatchString(name) }

// Namer gives names that nobody else gives: they are made of who gives them and a number, and hold nothing that tells of a
// person. It may be used by several at the same time.
type Namer struct {
	who string
	n   atomic.Int64
}

// NewNamer makes a namer. seed tells this process from all others: its machine, its number there, when it began.
func NewNamer(seed ...any) *Namer {
	sum := sha256.Sum256(fmt.Append(nil, seed...))
	return &Namer{who: hex.EncodeToString(sum[:4])}
}

// Next gives the next name of a sort of work, such as request-5f3a90c1-17.
func (n *Namer) Next(sort string) string { return fmt.Sprintf("%s-%s-%d", sort, n.who, n.n.Add(1)) }

// Handler adds the name of the work to every line that is logged with its context.
func Handler(h slog.Handler) slog.Handler { return handler{h} }

type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if name := From(ctx); name != "" {
		r = r.Clone()
		r.AddAttrs(slog.String(Key, name))
	}
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(as []slog.Attr) slog.Handler { return handler{h.Handler.WithAttrs(as)} }
func (h handler) WithGroup(name string) slog.Handler    { return handler{h.Handler.WithGroup(name)} }
