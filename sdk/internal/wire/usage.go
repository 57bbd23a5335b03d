package wire

import (
	"context"
	"errors"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

func (s *targetServer) GroupUsage(ctx context.Context, m *pb.GroupUsageRequest) (*pb.GroupUsageResponse, error) {
	usage, err := s.target.GroupUsage(ctx, m.GetGroupIds())
	if errors.Is(err, ErrUnconfigured) {
		return nil, err
	}
	if err != nil {
		return &pb.GroupUsageResponse{Failure: failureToProto(record.AsFailure(err))}, nil
	}
	out := &pb.GroupUsageResponse{}
	for _, u := range usage.Uses {
		out.Uses = append(out.Uses, &pb.GroupUse{GroupId: clean(u.GroupID), Place: clean(u.Place), Name: shown(u.Name), Detail: shown(u.Detail)})
	}
	for _, why := range usage.Unseen {
		out.Unseen = append(out.Unseen, shown(why))
	}
	return out, nil
}
