package app

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"utkik/internal/store"
	"utkik/internal/token"
)

// FeedAddress is a feed and where it is found, without the ending that says in which form.
type FeedAddress struct {
	ID      string // priority:kultur, department:kultur, recipient:kultur, or search
	Name    string
	Address string
	Private bool      // found only by who knows the address
	Made    time.Time // of a private one
}

// FeedAddresses gives every feed that there is, by id; a department or recipient that has no address yet is given one.
func (a *App) FeedAddresses(ctx context.Context) ([]FeedAddress, error) {
	names, err := a.feedOwners(ctx)
	if err != nil {
		return nil, err
	}
	var fresh []store.Feed
	for id := range names {
		fresh = append(fresh, store.Feed{ID: id, Secret: token.Name(), Made: a.now()})
	}
	slices.SortFunc(fresh, func(x, y store.Feed) int { return strings.Compare(x.ID, y.ID) })
	if err := a.Store.SaveFeeds(ctx, fresh, false); err != nil {
		return nil, err
	}
	kept, err := a.Store.Feeds(ctx)
	if err != nil {
		return nil, err
	}
	base := strings.TrimRight(a.Config.Web.BaseURL, "/") + "/feeds/"
	var out []FeedAddress
	for _, f := range kept {
		if name, ok := names[f.ID]; ok {
			out = append(out, FeedAddress{f.ID, name, base + "private/" + f.Secret, true, f.Made})
		}
	}
	for _, id := range a.Plan.PriorityIDs() {
		p, _ := a.Plan.Priority(id)
		out = append(out, FeedAddress{ID: "priority:" + id, Name: p.Name, Address: base + "priority/" + url.PathEscape(id)})
	}
	slices.SortFunc(out, func(x, y FeedAddress) int { return strings.Compare(x.ID, y.ID) })
	return out, nil
}

// feedOwners names who has feeds of its own.
func (a *App) feedOwners(ctx context.Context) (map[string]string, error) {
	rs, err := a.Store.Recipients(ctx)
	out := map[string]string{}
	for i := range rs {
		out["recipient:"+rs[i].ID] = rs[i].Name
	}
	for _, d := range a.Plan.Departments {
		out["department:"+d.ID] = d.Name
	}
	return out, err
}

// RenewFeed gives a department's or a recipient's feed another address; the former one ends.
func (a *App) RenewFeed(ctx context.Context, id string) error {
	names, err := a.feedOwners(ctx)
	if err != nil {
		return err
	}
	if _, ok := names[id]; !ok {
		return &UnknownError{What: "feed with an address of its own", Names: []string{fmt.Sprintf("%q", id)}, See: "utkik feeds"}
	}
	return a.Store.SaveFeeds(ctx, []store.Feed{{ID: id, Secret: token.Name(), Made: a.now()}}, true)
}
