package index

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"

	"utkik/internal/call"
)

// Keys gives every call that a query finds at now, however many: what a saved search means, where a page of hits
// would drop the rest. A text that is wrong gives a *QueryError.
func (ix *Index) Keys(ctx context.Context, text string, now time.Time) (map[call.Key]bool, error) {
	node, err := Parse(text)
	if err != nil {
		return nil, err
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return nil, ErrClosed
	}
	out, err := guard(func() (out map[call.Key]bool, err error) {
		err = ix.cur.read(func(snap *scorch.IndexSnapshot) error {
			out, err = ix.keys(ctx, snap, node, now)
			return err
		})
		return out, err
	})
	if err != nil {
		return nil, fmt.Errorf("search %q: %w", text, err)
	}
	return out, nil
}

func (ix *Index) keys(ctx context.Context, snap *scorch.IndexSnapshot, node Node, now time.Time) (map[call.Key]bool, error) {
	r, err := newRun(ctx, ix.cur, snap, ix.analysers, now, ix.opts.Texts)
	if err != nil {
		return nil, err
	}
	r.scope = ix.scope
	node = ix.broaden(node) // as the page that the search was saved on
	m, err := r.compile(node, false, true)
	if err == nil && m == nil && node != nil { // nothing but stop words, as in search
		m, err = r.compile(node, true, true)
	}
	if err != nil {
		return nil, err
	}
	out := map[call.Key]bool{}
	for at, p := range r.parts {
		matched := p.live
		if m != nil {
			if matched, err = m.match(r, at, p.live); err != nil {
				return nil, err
			}
		}
		ids, err := p.cols.idsOf(p.seg)
		if err != nil {
			return nil, err
		}
		for doc := range matched.each {
			key, err := call.ParseKey(ids[doc])
			if err != nil {
				return nil, err
			}
			out[key] = true
		}
	}
	return out, nil
}

// Ordered gives every call that a query finds, however many, in the query's order; its Limit, Offset, Facets and Highlight
// count for nothing. Of calls that several sources publish it gives one, as a page of hits does.
func (ix *Index) Ordered(ctx context.Context, q Query) ([]call.Key, error) {
	node, err := Parse(q.Text)
	if err != nil {
		return nil, err
	}
	q.Limit, q.Offset, q.Facets, q.Highlight = 0, 0, nil, false
	if err := q.check(); err != nil {
		return nil, err
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return nil, ErrClosed
	}
	out, err := guard(func() (out []call.Key, err error) {
		err = ix.cur.read(func(snap *scorch.IndexSnapshot) error {
			f, err := ix.find(ctx, snap, node, q, math.MaxInt)
			if err != nil {
				return err
			}
			out = make([]call.Key, len(f.found))
			for i, c := range f.found {
				p := f.run.parts[c.part]
				ids, err := p.cols.idsOf(p.seg)
				if err != nil {
					return err
				}
				if out[i], err = call.ParseKey(ids[c.doc]); err != nil {
					return err
				}
			}
			return nil
		})
		return out, err
	})
	if err != nil {
		return nil, fmt.Errorf("search %q: %w", q.Text, err)
	}
	return out, nil
}
