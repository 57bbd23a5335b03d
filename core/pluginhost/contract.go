package pluginhost

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// Contract returns the plugin contract as a serialized FileDescriptorSet, with what it
// imports, each file after those it needs: for connectors in languages that make
// messages at run time, and for `protoc --descriptor_set_in`.
func Contract() ([]byte, error) {
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(f))
	}
	for _, f := range []protoreflect.FileDescriptor{pb.File_gateway_plugin_v1_plugin_proto, pb.File_gateway_plugin_v1_source_proto,
		pb.File_gateway_plugin_v1_target_proto, pb.File_gateway_plugin_v1_listener_proto} {
		add(f)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(set)
}
