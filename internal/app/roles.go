package app

import (
	"fmt"
	"slices"
	"strings"
)

// Role is a part of the work that a machine takes on.
type Role string

// The roles.
const (
	Web   Role = "web"   // answers readers, with an index of its own
	Crawl Role = "crawl" // reads sources, matches and links what they bring
	Mail  Role = "mail"  // writes digests, sends mail
)

// Roles are what one machine takes on.
type Roles struct {
	roles  []Role
	chosen bool // somebody named them; else what cannot be done is left out with a warning
}

// AllRoles are what a program takes on that nobody told otherwise.
func AllRoles() Roles { return Roles{roles: []Role{Web, Crawl, Mail}} }

// Only are those roles and no other.
func Only(roles ...Role) Roles { return Roles{roles: roles, chosen: true} }

// ParseRoles reads roles such as web,crawl; nothing is all of them.
func ParseRoles(text string) (Roles, error) {
	if text == "" {
		return AllRoles(), nil
	}
	out := Roles{chosen: true}
	for name := range strings.SplitSeq(text, ",") {
		r := Role(strings.TrimSpace(name))
		if !slices.Contains(AllRoles().roles, r) {
			return Roles{}, fmt.Errorf("roles %q: no role %q; there are web, crawl and mail, with commas between", text, r)
		}
		if !out.Has(r) {
			out.roles = append(out.roles, r)
		}
	}
	return out, nil
}

// Has tells whether a role is among them.
func (r Roles) Has(role Role) bool { return slices.Contains(r.roles, role) }

func (r Roles) String() string {
	names := make([]string, len(r.roles))
	for i, role := range r.roles {
		names[i] = string(role)
	}
	return strings.Join(names, ",")
}

func (r Roles) without(role Role) Roles {
	r.roles = slices.DeleteFunc(slices.Clone(r.roles), func(x Role) bool { return x == role })
	return r
}
