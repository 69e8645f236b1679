// Package account says who asks and what they may do. It is vocabulary: how somebody is known (a session, a key, a
// header) is decided at the door, what is asked for by the pages and the API, and both speak of it in these words.
package account

import (
	"context"
	"fmt"
)

// Role is what somebody may do. A role may do what those before it may.
type Role int

// The roles.
const (
	Nobody Role = iota // not known, and reading is not open to all
	Reader             // sees everything that departments see
	Editor             // decides about calls, follows, sees who is sent what
	Admin              // gives keys, reads the audit log
)

var names = [...]string{"nobody", "reader", "editor", "admin"} // as configuration and store write them

// String is the role's name in configuration and store.
func (r Role) String() string {
	if r < 0 || int(r) >= len(names) {
		return fmt.Sprintf("role %d", int(r))
	}
	return names[r]
}

// ParseRole reads a role's name; nobody is not a role that can be given.
func ParseRole(s string) (Role, error) {
	for i, n := range names {
		if i > 0 && n == s {
			return Role(i), nil
		}
	}
	return Nobody, fmt.Errorf("no role %q: reader, editor or admin", s)
}

// Actor is who asks. The zero value is somebody unknown who may nothing.
type Actor struct {
	ID   string // stable, as the audit log holds it: oidc:<subject>, mail:<address>, key:<name>; empty for somebody unknown
	Name string // as pages show it
	Mail string // address of a recipient who is the same person; empty where none is known
	Role Role
}

// May tells whether the actor may do what asks for the role.
func (a Actor) May(r Role) bool { return a.Role >= r }

type key struct{}

// With hands the actor on.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, key{}, a) }

// From tells who asks; where nobody was named, somebody unknown who may nothing.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(key{}).(Actor)
	return a
}
