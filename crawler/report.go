package crawler

import (
	"context"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// Sink is what a run needs of whoever keeps its documents. Its methods are called one at a time.
type Sink interface {
	// Stored gives the last document of a request's key ([kind.Request.Key]) that was kept without a problem.
	Stored(ctx context.Context, key string) (kind.Document, bool, error)
	// Keep keeps a document as it came. A problem says why nothing of it was used; empty means that it
	// parsed well. Documents that a stamp or a 304 spared are not handed over again, unless their stamp is new.
	Keep(ctx context.Context, d kind.Document, problem string) error
	// Absent gives the calls of the source that are known as listed and that items, a complete listing, lack.
	Absent(ctx context.Context, items []kind.Item) ([]call.Call, error)
}

// Report is what a run found. It holds what there was also when the run is incomplete.
type Report struct {
	Source string
	// Items are whole items, one a ref: those of the listing in the order of the source, then those that a
	// recheck found.
	Items []kind.Item
	Notes []kind.Note
	// From holds, by ref, the keys of the requests ([kind.Request.Key]) whose answers an item was read from.
	From map[string][]string
	// Complete says that nothing went wrong: no failed request that was not optional, no document that did
	// not parse, no gap, not fewer items than a healthy run has.
	Complete bool
	// Listed says that the run read a listing completely, so that a call which Items lack has left it. It is
	// false for sources that list nothing completely, such as feeds, and when a recheck could not be made.
	Listed bool
	// Rechecked holds the refs of Items that the listing lacked and that the source still answers for.
	Rechecked map[string]bool

	Requests    int   // HTTP requests sent, with retries, redirects and robots.txt
	NotModified int   // documents that needed no body from the source
	Bytes       int64 // of bodies, as they came over the wire
	Seen        int   // items of the listing
	Err         string
	Fault       kind.Fault // of what Err says
	Started     time.Time
	Ended       time.Time
}
