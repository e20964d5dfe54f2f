package schemaregistry

import (
	"container/list"
	"sync"
)

type name struct{ id, version string }

type kept struct {
	name     name
	document *Document
}

// recent is a cache of at most `size` documents, which drops the least recently used one.
type recent struct {
	mutex  sync.Mutex
	size   int
	byName map[name]*list.Element
	order  *list.List
}

func newRecent(size int) *recent {
	return &recent{size: size, byName: make(map[name]*list.Element), order: list.New()}
}

func (r *recent) get(asked name) *Document {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	element, found := r.byName[asked]
	if !found {
		return nil
	}
	r.order.MoveToFront(element)
	return element.Value.(kept).document
}

func (r *recent) put(as name, document *Document) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if element, found := r.byName[as]; found {
		r.order.Remove(element)
	}
	r.byName[as] = r.order.PushFront(kept{as, document})
	if r.order.Len() > r.size {
		oldest := r.order.Remove(r.order.Back()).(kept)
		delete(r.byName, oldest.name)
	}
}
